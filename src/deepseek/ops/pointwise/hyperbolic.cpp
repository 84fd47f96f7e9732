// sinh, cosh, asinh, acosh, atanh.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Sinh : Pointwise {
  static constexpr OpInfo info{.name = "sinh", .amp = Amp::full, .onnx = "Sinh"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    // Halves of e^(|x|/2) squared reach the largest result; expm1 keeps the digits near zero.
    const T a = std::fabs(x);
    const T e = fused::expm1(a);
    const T near = T(0.5) * (e + e / (e + T{1}));
    const T root = fused::exp(T(0.5) * a);
    return std::copysign(a > T(20) ? T(0.5) * root * root : near, x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * cosh(g.input())); }
};
struct Cosh : Pointwise {
  static constexpr OpInfo info{.name = "cosh", .amp = Amp::full, .onnx = "Cosh"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    const T root = fused::exp(T(0.5) * std::fabs(x));
    const T e = root * root;
    return std::fabs(x) > T(20) ? T(0.5) * root * root : T(0.5) * (e + T{1} / e);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * sinh(g.input())); }
};
struct Asinh : Pointwise {
  static constexpr OpInfo info{.name = "asinh", .onnx = "Asinh"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    constexpr T large = sizeof(T) == 4 ? T(1e5) : T(1e10);
    const T a = std::fabs(x);
    const T s = a * a;
    const T near = fused::log1p(a + s / (T{1} + std::sqrt(s + T{1})));
    return std::copysign(a > large ? fused::log(a) + T(0.69314718055994530942) : near, x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * rsqrt(square(g.input()) + 1.0)); }
};
struct Acosh : Pointwise {
  static constexpr OpInfo info{.name = "acosh", .onnx = "Acosh"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    constexpr T large = sizeof(T) == 4 ? T(1e5) : T(1e10);
    const T t = x - T{1};
    const T near = fused::log1p(t + std::sqrt(t * (x + T{1})));
    return x > large ? fused::log(x) + T(0.69314718055994530942) : near;
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * rsqrt((g.input() - 1.0) * (g.input() + 1.0))); }
};
struct Atanh : Pointwise {
  static constexpr OpInfo info{.name = "atanh", .onnx = "Atanh"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    const T a = std::fabs(x);
    return std::copysign(T(0.5) * fused::log1p((a + a) / (T{1} - a)), x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / ((1.0 - g.input()) * (g.input() + 1.0))); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, sinh, (const Tensor& input), "The hyperbolic sine of each element; integers become floating point.") {
  return apply(Sinh{}, to_floating(input));
}
DEEPSEEK_FACTS(sinh, .in = {"method"}, .reference = "numpy.sinh(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(3) * 25"});

DEEPSEEK_FUNCTION(Tensor, cosh, (const Tensor& input),
                  "The hyperbolic cosine of each element; integers become floating point.") {
  return apply(Cosh{}, to_floating(input));
}
DEEPSEEK_FACTS(cosh, .in = {"method"}, .reference = "numpy.cosh(input)", .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, asinh, (const Tensor& input),
                  "The inverse hyperbolic sine of each element; integers become floating point.") {
  return apply(Asinh{}, to_floating(input));
}
DEEPSEEK_FACTS(asinh, .in = {"method"}, .reference = "numpy.arcsinh(input)", .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, acosh, (const Tensor& input),
                  "The inverse hyperbolic cosine of each element, NaN below 1; integers become floating point.") {
  return apply(Acosh{}, to_floating(input));
}
DEEPSEEK_FACTS(acosh, .in = {"method"}, .reference = "numpy.arccosh(input)", .good = {"rand(2, 3) + 1.5", "ints(4, low=1)"});

DEEPSEEK_FUNCTION(Tensor, atanh, (const Tensor& input),
                  "The inverse hyperbolic tangent of each element, NaN outside [-1, 1].") {
  return apply(Atanh{}, to_floating(input));
}
DEEPSEEK_FACTS(atanh, .in = {"method"}, .reference = "numpy.arctanh(input)", .good = {"rand(2, 3) * 0.9"});

}  // namespace deepseek
