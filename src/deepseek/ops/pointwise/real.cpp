// What torch has for complex numbers, of real ones: real, conj, resolve_conj, isreal, angle.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/promote.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, real, (const Tensor& input), "The real part: `input` itself, which is real.") { return input; }
DEEPSEEK_FACTS(real, .reference = "input", .good = {"randn(2)", "ints(2)"});

DEEPSEEK_FUNCTION(Tensor, conj, (const Tensor& input), "The conjugate: `input` itself, which is real.") { return input; }
DEEPSEEK_FACTS(conj, .in = {"method"}, .reference = "input", .good = {"randn(2)", "ints(2)"});

DEEPSEEK_FUNCTION(Tensor, conj_physical, (const Tensor& input), "The conjugate: `input` itself, which is real.") { return input; }
DEEPSEEK_FACTS(conj_physical, .in = {"method"}, .reference = "input", .good = {"randn(2)", "ints(2)"});

DEEPSEEK_FUNCTION(Tensor, resolve_conj, (const Tensor& input), "`input` itself: no conjugation is pending.") { return input; }
DEEPSEEK_FACTS(resolve_conj, .in = {"method"}, .reference = "input", .good = {"randn(2)"});

DEEPSEEK_FUNCTION(Tensor, resolve_neg, (const Tensor& input), "`input` itself: no negation is pending.") { return input; }
DEEPSEEK_FACTS(resolve_neg, .in = {"method"}, .reference = "input", .good = {"randn(2)"});

DEEPSEEK_FUNCTION(Tensor, isreal, (const Tensor& input), "Whether each element is real: all true.") {
  return full(input.shape(), Tensor(true), DType::bool_);
}
DEEPSEEK_FACTS(isreal, .in = {"method"}, .reference = "numpy.isreal(input)", .good = {"randn(2)", "ints(2)"});

DEEPSEEK_FUNCTION(Tensor, angle, (const Tensor& input),
                  "The angle of each element in the plane of complex numbers: 0, pi for negative ones, NaN for NaN. The gradient is 0.") {
  const Tensor x = to_floating(input);
  return where(isnan(x), x, filled_like(x, 3.141592653589793) * to(lt(x, filled_like(x, 0)), x.dtype()));
}
DEEPSEEK_FACTS(angle, .in = {"method"}, .reference = "numpy.angle(input)", .good = {"randn(2, 3)", "ints(4, low=-3)", "log(randn(4))"},
               .check_grad = false);

}  // namespace deepseek
