#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/promote.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {
namespace {

// Infinities would turn differences into NaN.
Tensor finite_or_zero(const Tensor& x) {
  return where(isfinite(x), x, filled_like(x, 0));
}

// A composite for the sake of its gradient, which needs only input and output.
struct LogSumExp : Composite {
  static constexpr OpInfo info{.name = "logsumexp", .amp = Amp::full, .onnx = "ReduceLogSumExp"};
  DimMask dims = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&LogSumExp::dims, &LogSumExp::keepdim};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  Tensor expand(const Tensor& input) const {
    const Tensor x = cast(input, accumulation_type(input.dtype()));
    if (reduced_count(x.shape(), dims) == 0) return log(reduce(fused::ReduceKind::sum, input, dims_of(dims), keepdim));
    const Tensor high = finite_or_zero(reduce(fused::ReduceKind::max, x, dims_of(dims), true));
    const Tensor total = log(reduce(fused::ReduceKind::sum, exp(x - high), dims_of(dims), true)) + high;
    return cast(keepdim ? total : reshape(total, reduced_shape(x.shape(), dims, false)), input.dtype());
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    const Tensor y = finite_or_zero(with_reduced_dims(g.output(), shape, dims));
    g.set(0, with_reduced_dims(g.grad(), shape, dims) * exp(g.input() - y));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, logsumexp, (const Tensor& input, Dims dim, bool keepdim DEFAULT(false)),
    "Logarithm of the sum of exponentials along `dim` (all dims when empty), without overflow.") {
  const Tensor x = to_floating(input);
  return apply(LogSumExp{.dims = reduce_mask(dim, x.rank(), "logsumexp"), .keepdim = keepdim}, x);
}
DEEPSEEK_FACTS(logsumexp, .in = {"method", "special"},
               .reference = "scipy.special.logsumexp(input, axis=dim, keepdims=keepdim)",
               .good = {"randn(2, 3), 1", "randn(4, 3, 5), (0, -1), keepdim=True", "randn(4, 3) * 1000, 0", "ints(3), 0"},
               .bad = {"randn(3), 1"});

}  // namespace deepseek
