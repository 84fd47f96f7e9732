// diff, trapezoid, cumulative_trapezoid.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Tensor step_of(const Tensor& x, int axis) {
  const int64_t n = x.shape()[axis];
  const Tensor right = slice(x, axis, 1, n), left = slice(x, axis, 0, n - 1);
  return x.dtype() == DType::bool_ ? logical_xor(right, left) : right - left;
}

// The areas between neighbours along dim: half the sum of two values times their distance.
Tensor areas(const Tensor& y, const std::optional<Tensor>& x, std::optional<double> dx, int64_t dim, std::string_view op) {
  ensure(y.rank() > 0, op, ": y must have at least one dim, but is a scalar");
  ensure(!x || !dx, op, ": x and dx must not both be given");
  const int axis = wrap_dim(dim, y.rank(), op);
  const int64_t n = y.shape()[axis];
  const Tensor values = is_floating_point(y.dtype()) ? y : to(y, modes.default_dtype);
  const Tensor sums = n > 1 ? slice(values, axis, 1, n) + slice(values, axis, 0, n - 1) : slice(values, axis, 0, 0);
  if (!x) return sums * (dx.value_or(1.0) / 2);
  const Tensor& at = *x;
  if (at.rank() == 1) {
    ensure(at.numel() == n, op, ": x must have as many elements as y along dim ", axis, ", but x is ", to_string(at.shape()), " and y is ",
           to_string(y.shape()));
    Shape shape = Dims::filled(y.rank() - axis, 1);
    shape[0] = std::max<int64_t>(n - 1, 0);
    return sums * reshape(n > 1 ? step_of(at, 0) : slice(at, 0, 0, 0), shape) / 2.0;
  }
  ensure(at.rank() == y.rank() && at.shape()[axis] == n, op, ": x must be a vector or fit y along dim ", axis, ", but x is ",
         to_string(at.shape()), " and y is ", to_string(y.shape()));
  return sums * (n > 1 ? step_of(at, axis) : slice(at, axis, 0, 0)) / 2.0;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, diff,
                  (const Tensor& input, int64_t n DEFAULT(1), int64_t dim DEFAULT(-1),
                   std::optional<Tensor> prepend DEFAULT(std::nullopt), std::optional<Tensor> append DEFAULT(std::nullopt)),
                  "The `n`-th differences of neighbours along `dim`: out[i] = input[i + 1] - input[i], `n` times. `prepend` and "
                  "`append` are joined to input first. Of bools whether they differ.") {
  ensure(input.rank() > 0, "diff: input must have at least one dim, but is a scalar");
  ensure(n >= 0, "diff: n must not be negative, but is ", n);
  const int axis = wrap_dim(dim, input.rank(), "diff");
  TensorList parts;
  if (prepend) parts.push_back(*prepend);
  parts.push_back(input);
  if (append) parts.push_back(*append);
  Tensor x = parts.size() > 1 ? cat(parts, axis) : input;
  for (int64_t i = 0; i < n; ++i) {
    if (x.shape()[axis] == 0) return x;
    x = step_of(x, axis);
  }
  return n == 0 ? clone(x) : x;
}
DEEPSEEK_FACTS(diff, .in = {"method"},
               .reference = "numpy.diff(numpy.concatenate([a for a in (prepend, input, append) if a is not None], dim), n, dim)",
               .good = {"randn(5)", "randn(3, 4), 2, 0", "randn(3, 4), 1, 1, randn(3, 1), randn(3, 2)", "ints(6)", "bools(6)", "randn(2), 3"},
               .bad = {"randn()", "randn(3), -1", "randn(3), 1, 1"});

DEEPSEEK_FUNCTION(Tensor, trapezoid,
                  (const Tensor& y, std::optional<Tensor> x DEFAULT(std::nullopt), std::optional<double> dx DEFAULT(std::nullopt),
                   int64_t dim DEFAULT(-1)),
                  "The integral of `y` along `dim` by the trapezoidal rule, at the places `x` or at steps of `dx` (1 unless given).") {
  return sum(areas(y, x, dx, dim, "trapezoid"), {dim});
}
DEEPSEEK_FACTS(trapezoid, .reference = "scipy.integrate.trapezoid(y, x, 1.0 if dx is None else dx, dim)",
               .good = {"randn(5)", "randn(3, 4), dx=0.5, dim=0", "randn(3, 4), randn(4)", "randn(3, 4), randn(3, 4), dim=0", "randn(2, 1)"},
               .bad = {"randn()", "randn(3), randn(4)", "randn(3), randn(3), 1.0"});

DEEPSEEK_FUNCTION(Tensor, trapz,
                  (const Tensor& y, std::optional<Tensor> x DEFAULT(std::nullopt), std::optional<double> dx DEFAULT(std::nullopt),
                   int64_t dim DEFAULT(-1)),
                  "The integral of `y` along `dim` by the trapezoidal rule; the same as `trapezoid`.") {
  return trapezoid(y, std::move(x), dx, dim);
}
DEEPSEEK_FACTS(trapz, .reference = "scipy.integrate.trapezoid(y, x, 1.0 if dx is None else dx, dim)", .good = {"randn(5)"}, .bad = {"randn()"});

DEEPSEEK_FUNCTION(Tensor, cumulative_trapezoid,
                  (const Tensor& y, std::optional<Tensor> x DEFAULT(std::nullopt), std::optional<double> dx DEFAULT(std::nullopt),
                   int64_t dim DEFAULT(-1)),
                  "Running integrals of `y` along `dim` by the trapezoidal rule: one element less than `y`.") {
  return cumsum(areas(y, x, dx, dim, "cumulative_trapezoid"), dim);
}
DEEPSEEK_FACTS(cumulative_trapezoid, .reference = "scipy.integrate.cumulative_trapezoid(y, x, 1.0 if dx is None else dx, dim)",
               .good = {"randn(5)", "randn(3, 4), dx=0.5, dim=0", "randn(3, 4), randn(4)"}, .bad = {"randn()", "randn(3), randn(4)"});

}  // namespace deepseek
