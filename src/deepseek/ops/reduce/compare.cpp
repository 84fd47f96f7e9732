// What two tensors or all elements of one come to: equal, allclose, dist, aminmax.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/promote.h"

namespace deepseek {

DEEPSEEK_FUNCTION(TensorList, aminmax,
                  (const Tensor& input, std::optional<int64_t> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
                  "(smallest, largest) element along `dim`, of all elements without it. NaN wins.") {
  const Dims dims = dim ? Dims{wrap_dim(*dim, input.rank(), "aminmax")} : Dims{};
  return {amin(input, dims, keepdim), amax(input, dims, keepdim)};
}
DEEPSEEK_FACTS(aminmax, .in = {"method"},
               .reference = "(numpy.min(input, axis=dim, keepdims=keepdim), numpy.max(input, axis=dim, keepdims=keepdim))",
               .good = {"randn(2, 3)", "ints(4, 3), dim=1, keepdim=True", "randn(5), dim=0"}, .bad = {"randn(0)", "randn(3), dim=1"});

DEEPSEEK_FUNCTION(Tensor, dist, (const Tensor& input, const Tensor& other, double p DEFAULT(2.0)),
                  "The `p`-norm of input - other over all elements; shapes broadcast. Floating types only.") {
  return norm(input - other, p);
}
DEEPSEEK_FACTS(dist, .in = {"method"}, .reference = "numpy.linalg.norm((input - other).reshape(-1), p)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3), randn(3), 1.0", "randn(4), randn(4), inf", "randn(4), randn(4), 3.0"},
               .bad = {"randn(3), randn(2)", "ints(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, equal, (const Tensor& input, const Tensor& other),
                  "Whether both have one shape and equal elements: a bool without dims. NaN differs from NaN.") {
  if (input.shape() != other.shape()) return Tensor(false);
  if (input.dtype() != other.dtype()) {
    raise_type("equal: both tensors must have one type, but they have ", name_of(input.dtype()), " and ", name_of(other.dtype()));
  }
  return all(eq(input, other));
}
DEEPSEEK_FACTS(equal, .in = {"hidden"}, .reference = "numpy.array_equal(input, other)",
               .good = {"ints(3), ints(3)", "randn(2), randn(3)", "ints(4, high=1), ints(4, high=1)"}, .bad = {"ints(3), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, allclose,
                  (const Tensor& input, const Tensor& other, double rtol DEFAULT(1e-05), double atol DEFAULT(1e-08),
                   bool equal_nan DEFAULT(false)),
                  "Whether all elements are close: |input - other| <= atol + rtol * |other|; a bool without dims.") {
  return all(isclose(input, other, rtol, atol, equal_nan));
}
DEEPSEEK_FACTS(allclose, .in = {"hidden"}, .reference = "numpy.allclose(input, other, rtol, atol, equal_nan)",
               .good = {"ints(3), ints(3)", "randn(3), randn(3), 10.0, 10.0", "randn(1) * nan, randn(1) * nan, 0.1, 0.1, True"},
               .bad = {"randn(3), randn(2)", "randn(3), randn(3), -1.0"});

}  // namespace deepseek
