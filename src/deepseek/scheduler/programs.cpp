#include "deepseek/scheduler/programs.h"

#include <unordered_map>

#include "deepseek/ops/key.h"
#include "deepseek/scheduler/hash.h"

namespace deepseek::scheduler {
namespace {

void write_key(const fused::Program& p, KeyWriter& key) {
  key.add(p.domain);
  key.word(static_cast<uint64_t>(p.reduced) << 32 | p.accesses.size());
  for (const fused::Access& a : p.accesses) {
    key.word(static_cast<uint64_t>(a.buffer) << 16 | static_cast<uint64_t>(a.kind) << 8 | static_cast<uint64_t>(a.dtype));
    key.add(a.offset);
    key.add(a.strides);
  }
  for (const fused::Step& s : p.steps) {
    key.word(static_cast<uint64_t>(static_cast<uint32_t>(s.access)) << 32 | static_cast<uint64_t>(s.kind) << 16 |
             static_cast<uint64_t>(s.type) << 8 | static_cast<uint64_t>(s.reduce));
    key.add(s.op);
    for (int a : s.args) key.add(a);
  }
}

struct KeyHash {
  size_t operator()(const std::vector<uint64_t>& words) const { return hash_words(words); }
};

}  // namespace

std::shared_ptr<const fused::Kernel> compiled(const fused::Program& program) {
  static auto& kernels = *new std::unordered_map<std::vector<uint64_t>, std::weak_ptr<const fused::Kernel>, KeyHash>;
  static size_t most = 1024;
  static KeyWriter key;
  key.clear();
  write_key(program, key);
  if (const auto it = kernels.find(key.words()); it != kernels.end()) {
    if (auto kernel = it->second.lock()) return kernel;
  }
  std::shared_ptr<const fused::Kernel> kernel = fused::compile(program);
  if (kernels.size() >= most) {
    std::erase_if(kernels, [](const auto& entry) { return entry.second.expired(); });
    most = std::max<size_t>(1024, 2 * kernels.size());
  }
  kernels[key.words()] = kernel;
  return kernel;
}

}  // namespace deepseek::scheduler
