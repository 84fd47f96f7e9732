// abs, sign, sgn.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Sign : Pointwise {
  static constexpr OpInfo info{.name = "sign", .onnx = "Sign", .tflite = "SIGN"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x) {
    const T s = static_cast<T>(static_cast<T>(x > T{0}) - static_cast<T>(x < T{0}));
    return x != x ? x : s;
  }
  void gradient(Grad& g) const { pointwise::set_zero(g); }
};

struct Abs : Pointwise {
  static constexpr OpInfo info{.name = "abs", .onnx = "Abs", .tflite = "ABS"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x) {
    if constexpr (std::is_integral_v<T>) return x < 0 ? pointwise::negative(x) : x;
    else return std::fabs(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * sign(g.input())); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, sign, (const Tensor& input),
                  "-1, 0 or 1 by the sign of each element; NaN stays NaN. The gradient is 0.") {
  return input.dtype() == DType::bool_ ? copy_of(input) : apply(Sign{}, input);
}
DEEPSEEK_FACTS(sign, .in = {"method"}, .reference = "numpy.sign(input)",
               .good = {"randn(2, 3)", "ints(4, low=-3)", "randn(0)"});

DEEPSEEK_FUNCTION(Tensor, sgn, (const Tensor& input), "-1, 0 or 1 by the sign of each element; the same as sign.") {
  return sign(input);
}
DEEPSEEK_FACTS(sgn, .in = {"method"}, .reference = "numpy.sign(input)", .good = {"randn(2, 3)"});

DEEPSEEK_FUNCTION(Tensor, abs, (const Tensor& input), "The magnitude of each element. The gradient at 0 is 0.") {
  if (input.dtype() == DType::uint8) return copy_of(input);
  return apply(Abs{}, input);
}
DEEPSEEK_FACTS(abs, .in = {"method"}, .reference = "numpy.abs(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4, low=-3)", "randn(0)"});

DEEPSEEK_FUNCTION(Tensor, absolute, (const Tensor& input),
                  "The magnitude of each element; the same as abs.") {
  return abs(input);
}
DEEPSEEK_FACTS(absolute, .in = {"method"}, .reference = "numpy.abs(input)", .good = {"randn(2, 3)"});

}  // namespace deepseek
