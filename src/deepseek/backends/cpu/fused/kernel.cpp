#include <algorithm>
#include <mutex>
#include <vector>

#include "deepseek/backends/cpu/fused/analysis.h"
#include "deepseek/backends/cpu/fused/code.h"
#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/backends/cpu/fused/tile.h"

namespace deepseek::fused {
namespace {

class BlockKernel final : public Kernel {
 public:
  explicit BlockKernel(const Program& program) : code_(lower(program, false)) {
    if (!code_.hazards.empty()) program_ = std::make_unique<Program>(program);
  }

  void run(void* const* pointers, const uint64_t* scalars) const override {
    fused::run(overwrites(pointers) ? careful() : code_, pointers, scalars);
  }

 private:
  // Whether memory is written while it is still to be read.
  bool overwrites(void* const* pointers) const {
    return std::any_of(code_.hazards.begin(), code_.hazards.end(), [&](const Code::Hazard& h) {
      const auto* out = static_cast<const char*>(pointers[h.out_buffer]);
      const auto* in = static_cast<const char*>(pointers[h.in_buffer]);
      return out == in || out + h.out_offset == in + h.in_offset;
    });
  }

  // The same program with all stores at the end, made when first needed.
  const Code& careful() const {
    std::call_once(once_, [&] { careful_ = lower(*program_, true); });
    return careful_;
  }

  Code code_;
  std::unique_ptr<Program> program_;
  mutable std::once_flag once_;
  mutable Code careful_;
};

// Parts of a domain one after another. None reads what another writes: an output that lies over an input has its strides.
class PartsKernel final : public Kernel {
 public:
  explicit PartsKernel(const std::vector<Program>& parts) {
    for (const Program& part : parts) kernels_.push_back(std::make_unique<BlockKernel>(part));
  }
  void run(void* const* pointers, const uint64_t* scalars) const override {
    for (const auto& kernel : kernels_) kernel->run(pointers, scalars);
  }

 private:
  std::vector<std::unique_ptr<BlockKernel>> kernels_;
};

}  // namespace

std::unique_ptr<Kernel> compile(const Program& program) {
  analyse(program);
  std::vector<Program> parts = tiled(program);
  if (parts.size() == 1) return std::make_unique<BlockKernel>(parts[0]);
  return std::make_unique<PartsKernel>(parts);
}

}  // namespace deepseek::fused
