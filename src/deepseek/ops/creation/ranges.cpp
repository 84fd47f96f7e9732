// Sequences and the identity: arange, linspace, logspace, eye. All are functions of the position, so they cost no memory when
// fused.
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"

namespace deepseek {
namespace {

constexpr int64_t most_elements = int64_t{1} << 53;

void require_number(const Tensor& t, const char* op, const char* name) {
  ensure(t.rank() == 0, op, ": ", name, " must be a number, but has shape ", to_string(t.shape()));
}

Tensor positions(int64_t n) { return iota({n}, {1}); }

// start + step * i, for integers.
Tensor integer_range(int64_t start, int64_t end, int64_t step, DType dtype) {
  ensure(step != 0, "arange: step must not be 0");
  ensure(step > 0 ? end >= start : end <= start, "arange: step ", step, " does not lead from start ", start, " to end ", end);
  const uint64_t distance = step > 0 ? static_cast<uint64_t>(end) - static_cast<uint64_t>(start)
                                     : static_cast<uint64_t>(start) - static_cast<uint64_t>(end);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
  const uint64_t n = distance / stride + (distance % stride != 0);
  ensure(n < static_cast<uint64_t>(most_elements), "arange: ", n, " elements are too many");
  Tensor t = positions(static_cast<int64_t>(n));
  if (step != 1) t = t * Tensor(step);
  if (start != 0) t = t + Tensor(start);
  return cast(t, dtype);
}

// In double whatever the result: a sum of float steps would drift.
Tensor floating_range(double start, double end, double step, DType dtype) {
  ensure(std::isfinite(start) && std::isfinite(end) && std::isfinite(step),
      "arange: start, end and step must be finite, but are ",
         start, ", ", end, " and ", step);
  ensure(step != 0, "arange: step must not be 0");
  ensure(step > 0 ? end >= start : end <= start, "arange: step ", step, " does not lead from start ", start, " to end ", end);
  const double n = std::ceil((end - start) / step);
  ensure(n < static_cast<double>(most_elements), "arange: ", n, " elements are too many");
  return cast(cast(positions(static_cast<int64_t>(n)), DType::float64) * Tensor(step) + Tensor(start), dtype);
}

// Counted from the nearer end, so that both ends are exact.
Tensor spaced(double start, double end, int64_t steps, const char* op) {
  ensure(steps >= 0 && steps < most_elements, op, ": steps must not be negative, but is ", steps);
  const Tensor i = cast(positions(steps), DType::float64);
  if (steps == 1) return i + Tensor(start);
  const double step = (end - start) / static_cast<double>(steps - 1);
  const Tensor from_end = Tensor(end) - Tensor(step) * (Tensor(static_cast<double>(steps - 1)) - i);
  return where(lt(i, static_cast<double>(steps / 2)), Tensor(start) + Tensor(step) * i, from_end);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, arange,
                  (const Tensor& start, std::optional<Tensor> end DEFAULT(std::nullopt), const Tensor& step DEFAULT(1),
                   std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "start, start + step, ... up to but without end; arange(end) starts at 0.\n\n"
                  "The dtype is int64 when all numbers are integers, the default floating type otherwise.") {
  for (const Tensor* t : {&start, end ? &*end : &start, &step}) require_number(*t, "arange", "every argument");
  const Tensor first = end ? start : Tensor(0), last = end ? *end : start;
  if (is_floating_point(first.dtype()) || is_floating_point(last.dtype()) || is_floating_point(step.dtype())) {
    return creation::finish(floating_range(first.item<double>(), last.item<double>(), step.item<double>(),
        creation::or_default(dtype)),
                            requires_grad);
  }
  return creation::finish(
      integer_range(first.item<int64_t>(), last.item<int64_t>(), step.item<int64_t>(), dtype.value_or(DType::int64)),
          requires_grad);
}
DEEPSEEK_FACTS(arange,
               .reference = "numpy.arange(start) if end is None else numpy.arange(start, end, step, dtype and "
                            "str(dtype).split('.')[1])",
               .good = {"5", "2, 7", "2, 12, 3", "5, -5, -2", "0.0, 1.0, 0.25", "0", "3.5", "1, 4, 1, dtype=float64"},
               .bad = {"0, 5, 0", "0, 5, -1", "0.0, 1.0, -0.5", "randn(2)"});

DEEPSEEK_FUNCTION(Tensor, linspace,
                  (double start, double end, int64_t steps, std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "`steps` numbers at equal distances from start to end, both included.") {
  return creation::finish(cast(spaced(start, end, steps, "linspace"), creation::or_default(dtype)), requires_grad);
}
DEEPSEEK_FACTS(linspace, .reference = "numpy.linspace(start, end, steps)",
               .good = {"0, 1, 5", "-2, 3, 4", "1.5, 1.5, 3", "0, 1, 1", "0, 1, 0", "3, -3, 100"}, .bad = {"0, 1, -1"});

DEEPSEEK_FUNCTION(Tensor, logspace,
                  (double start, double end, int64_t steps, double base DEFAULT(10.0),
                      std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "base to the power of `steps` numbers at equal distances from start to end, both included.") {
  return creation::finish(cast(pow(Tensor(base), spaced(start, end, steps, "logspace")), creation::or_default(dtype)),
      requires_grad);
}
DEEPSEEK_FACTS(logspace, .reference = "numpy.logspace(start, end, steps, base=base)",
               .good = {"0, 1, 5", "-2, 3, 4, base=2.0", "0, 1, 1"},
               .bad = {"0, 1, -1"});

DEEPSEEK_FUNCTION(Tensor, eye,
                  (int64_t n, std::optional<int64_t> m DEFAULT(std::nullopt), std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "The (n, m) matrix with ones on its diagonal and zeros elsewhere; m is n unless given.") {
  const Shape shape{n, m.value_or(n)};
  creation::check_size(shape, "eye");
  return creation::finish(cast(eq(iota(shape, {1, 0}), iota(shape, {0, 1})), creation::or_default(dtype)), requires_grad);
}
DEEPSEEK_FACTS(eye, .reference = "numpy.eye(n, m, dtype=dtype and str(dtype).split('.')[1] or float)",
               .good = {"3", "2, 4", "4, 2", "0", "3, dtype=int64"}, .bad = {"-1", "2, -1"});

}  // namespace deepseek
