#include "deepseek/ops/index/check.h"
#include "deepseek/ops/op.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek {
namespace {

struct LinearIndex : KernelOp {
  static constexpr OpInfo info{.name = "index"};
  static constexpr NotDifferentiable gradient{"an index has no gradient"};
  std::vector<int64_t> sizes;
  int64_t first_dim = 0;
  static constexpr auto attrs = std::tuple{&LinearIndex::sizes, &LinearIndex::first_dim};

  Spec infer(Specs in) const { return *in[0]; }
  void cpu(const KernelArgs& a) const {
    parallel_for(a.out_spec().numel(), 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t place = 0;
        for (size_t k = 0; k < sizes.size(); ++k) {
          const int64_t n = sizes[k], at = a.in<int64_t>(static_cast<int>(k))[i];
          if (at < -n || at >= n) [[unlikely]] {
            raise_index("index: index ", at, " is out of range for dim ", first_dim + static_cast<int64_t>(k),
                        " of size ", n);
          }
          place = place * n + (at < 0 ? at + n : at);
        }
        a.out<int64_t>()[i] = place;
      }
    });
  }
};

}  // namespace

Tensor linear_index(const TensorList& indices, const std::vector<int64_t>& sizes, int first_dim) {
  LinearIndex op;
  op.sizes = sizes;
  op.first_dim = first_dim;
  return apply_list(std::move(op), indices);
}

}  // namespace deepseek
