#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {
namespace {

// Mean first, then squared distances: the sum of squares minus the squared sum would lose all digits far from zero.
struct Var : Composite {
  static constexpr OpInfo info{.name = "var"};
  static constexpr Saves saves = Saves::inputs;
  DimMask dims = 0;
  bool keepdim = false;
  int64_t correction = 1;
  static constexpr auto attrs = std::tuple{&Var::dims, &Var::keepdim, &Var::correction};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  double divisor(const Shape& shape) const {
    return static_cast<double>(std::max<int64_t>(0, reduced_count(shape, dims) - correction));
  }
  Tensor expand(const Tensor& input) const {
    const Tensor x = cast(input, accumulation_type(input.dtype()));
    const Tensor away = x - centre(x);
    const Tensor total = reduce(fused::ReduceKind::sum, away * away, dims_of(dims), keepdim);
    return cast(total / divisor(input.shape()), input.dtype());
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    const Tensor x = g.input();
    g.set(0, with_reduced_dims(g.grad(), shape, dims) * (2.0 / divisor(shape)) * (x - mean(x, dims_of(dims), true)));
  }

 private:
  Tensor centre(const Tensor& x) const {
    return reduce(fused::ReduceKind::sum, x, dims_of(dims), true) / static_cast<double>(reduced_count(x.shape(), dims));
  }
};

Tensor variance(const Tensor& input, const Dims& dim, int64_t correction, bool keepdim, std::string_view op) {
  if (!is_floating_point(input.dtype()))
    raise_type(op, ": needs a floating type, but input is ", name_of(input.dtype()));
  return apply(Var{.dims = reduce_mask(dim, input.rank(), op), .keepdim = keepdim, .correction = correction}, input);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, var,
    (const Tensor& input, Dims dim DEFAULT({}), int64_t correction DEFAULT(1), bool keepdim DEFAULT(false)),
    "Variance along `dim` (all dims when empty): squared distances from the mean, summed and divided by their "
    "number minus `correction`. Floating types only.") {
  return variance(input, dim, correction, keepdim, "var");
}
DEEPSEEK_FACTS(var, .in = {"method"},
               .reference = "numpy.var(input, axis=dim or None, ddof=correction, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True",
                        "randn(6, 2) + 1000, dim=0, correction=0"},
               .bad = {"ints(3)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(
    Tensor, std,
    (const Tensor& input, Dims dim DEFAULT({}), int64_t correction DEFAULT(1), bool keepdim DEFAULT(false)),
    "Standard deviation along `dim` (all dims when empty): the square root of `var`. Floating types only.") {
  return sqrt(variance(input, dim, correction, keepdim, "std"));
}
DEEPSEEK_FACTS(std, .in = {"method"},
               .reference = "numpy.std(input, axis=dim or None, ddof=correction, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True",
                        "randn(6, 2), dim=0, correction=0"},
               .bad = {"ints(3)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(TensorList, var_mean,
                  (const Tensor& input, Dims dim DEFAULT({}), int64_t correction DEFAULT(1),
                   bool keepdim DEFAULT(false)),
                  "(variance, mean) along `dim`, all dims when empty. Floating types only.") {
  return {variance(input, dim, correction, keepdim, "var_mean"), mean(input, dim, keepdim)};
}
DEEPSEEK_FACTS(var_mean,
               .reference =
                   "(numpy.var(input, axis=dim or None, ddof=correction, keepdims=keepdim), "
                   "numpy.mean(input, axis=dim or None, keepdims=keepdim))",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=(0, -1), keepdim=True"},
               .bad = {"ints(3)", "randn(3), dim=1"});

}  // namespace deepseek
