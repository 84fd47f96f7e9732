// deg2rad, rad2deg, logit, sinc.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, deg2rad, (const Tensor& input), "Degrees as radians: input * pi / 180.") {
  return to_floating(input) * 0.017453292519943295;
}
DEEPSEEK_FACTS(deg2rad, .in = {"method"}, .reference = "numpy.deg2rad(input)", .good = {"randn(2, 3) * 90", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, rad2deg, (const Tensor& input), "Radians as degrees: input * 180 / pi.") {
  return to_floating(input) * 57.29577951308232;
}
DEEPSEEK_FACTS(rad2deg, .in = {"method"}, .reference = "numpy.rad2deg(input)", .good = {"randn(2, 3)", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, logit, (const Tensor& input, std::optional<double> eps DEFAULT(std::nullopt)),
                  "log(input / (1 - input)), the inverse of sigmoid; input is first limited to [eps, 1 - eps] when eps is "
                  "given.") {
  Tensor x = to_floating(input);
  if (eps) {
    ensure(*eps >= 0 && *eps <= 0.5, "logit: eps must be between 0 and 0.5, but is ", *eps);
    x = clamp(x, *eps, 1 - *eps);
  }
  return log(x) - log1p(-x);
}
DEEPSEEK_FACTS(logit, .in = {"method", "special"},
               .reference = "scipy.special.logit(input if eps is None else numpy.clip(input, eps, 1 - eps))",
               .good = {"rand(2, 3) * 0.8 + 0.1", "rand(3), 0.2"}, .bad = {"rand(3), 0.7"});

DEEPSEEK_FUNCTION(Tensor, sinc, (const Tensor& input), "sin(pi * input) / (pi * input), and 1 at 0.") {
  const Tensor x = to_floating(input) * 3.141592653589793;
  const Tensor zero = eq(x, 0.0);
  // The gradient must not see 0 / 0, so the branch that is not taken divides by 1.
  const Tensor safe = where(zero, 1.0, x);
  return where(zero, 1.0, sin(safe) / safe);
}
DEEPSEEK_FACTS(sinc, .in = {"method", "special"}, .reference = "numpy.sinc(input)", .good = {"randn(2, 3)", "ints(4)"});

}  // namespace deepseek
