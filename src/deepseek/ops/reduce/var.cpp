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
  double correction = 1;
  static constexpr auto attrs = std::tuple{&Var::dims, &Var::keepdim, &Var::correction};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  double divisor(const Shape& shape) const {
    return std::max(0.0, static_cast<double>(reduced_count(shape, dims)) - correction);
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

Tensor variance(const Tensor& input, const Dims& dim, bool unbiased, bool keepdim, std::optional<double> correction,
                std::string_view op) {
  if (!is_floating_point(input.dtype()))
    raise_type(op, ": needs a floating type, but input is ", name_of(input.dtype()));
  return apply(Var{.dims = reduce_mask(dim, input.rank(), op), .keepdim = keepdim,
                   .correction = correction.value_or(unbiased ? 1 : 0)},
               input);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, var,
                  (const Tensor& input, Dims dim DEFAULT({}), bool unbiased DEFAULT(true), bool keepdim DEFAULT(false),
                   std::optional<double> correction DEFAULT(std::nullopt)),
                  "Variance along `dim` (all dims when empty): squared distances from the mean, summed and divided by their "
                  "number minus `correction`, which is 1 (0 when not `unbiased`) unless given. Floating types only.") {
  return variance(input, dim, unbiased, keepdim, correction, "var");
}
DEEPSEEK_FACTS(var, .in = {"method"},
               .reference = "numpy.var(input, axis=dim or None, ddof=int(unbiased) if correction is None else correction, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn(4, 3), 0, False",
                        "randn(4, 3), 0, True, True", "randn(6, 2) + 1000, dim=0, correction=0", "randn(6, 2), dim=0, correction=1.5"},
               .bad = {"ints(3)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(Tensor, std,
                  (const Tensor& input, Dims dim DEFAULT({}), bool unbiased DEFAULT(true), bool keepdim DEFAULT(false),
                   std::optional<double> correction DEFAULT(std::nullopt)),
                  "Standard deviation along `dim` (all dims when empty): the square root of `var`. Floating types only.") {
  return sqrt(variance(input, dim, unbiased, keepdim, correction, "std"));
}
DEEPSEEK_FACTS(std, .in = {"method"},
               .reference = "numpy.std(input, axis=dim or None, ddof=int(unbiased) if correction is None else correction, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn(4, 3), 0, False",
                        "randn(6, 2), dim=0, correction=0"},
               .bad = {"ints(3)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(TensorList, var_mean,
                  (const Tensor& input, Dims dim DEFAULT({}), bool unbiased DEFAULT(true), bool keepdim DEFAULT(false),
                   std::optional<double> correction DEFAULT(std::nullopt)),
                  "(variance, mean) along `dim`, all dims when empty. Floating types only.") {
  return {variance(input, dim, unbiased, keepdim, correction, "var_mean"), mean(input, dim, keepdim)};
}
DEEPSEEK_FACTS(var_mean,
               .reference =
                   "(numpy.var(input, axis=dim or None, ddof=int(unbiased) if correction is None else correction, keepdims=keepdim), "
                   "numpy.mean(input, axis=dim or None, keepdims=keepdim))",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn(4, 3), 1, False"},
               .bad = {"ints(3)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(TensorList, std_mean,
                  (const Tensor& input, Dims dim DEFAULT({}), bool unbiased DEFAULT(true), bool keepdim DEFAULT(false),
                   std::optional<double> correction DEFAULT(std::nullopt)),
                  "(standard deviation, mean) along `dim`, all dims when empty. Floating types only.") {
  return {sqrt(variance(input, dim, unbiased, keepdim, correction, "std_mean")), mean(input, dim, keepdim)};
}
DEEPSEEK_FACTS(std_mean,
               .reference =
                   "(numpy.std(input, axis=dim or None, ddof=int(unbiased) if correction is None else correction, keepdims=keepdim), "
                   "numpy.mean(input, axis=dim or None, keepdims=keepdim))",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn(4, 3), 1, False"},
               .bad = {"ints(3)", "randn(3), dim=1"});

}  // namespace deepseek
