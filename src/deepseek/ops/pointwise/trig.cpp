// sin, cos, tan and their inverses.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Sin : Pointwise {
  static constexpr OpInfo info{.name = "sin", .onnx = "Sin", .tflite = "SIN"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::sin(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * cos(g.input())); }
};
struct Cos : Pointwise {
  static constexpr OpInfo info{.name = "cos", .onnx = "Cos", .tflite = "COS"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::cos(x);
  }
  void gradient(Grad& g) const { g.set(0, -(g.grad() * sin(g.input()))); }
};
struct Tan : Pointwise {
  static constexpr OpInfo info{.name = "tan", .amp = Amp::full, .onnx = "Tan"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::tan(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (square(g.output()) + 1.0)); }
};

struct Asin : Pointwise {
  static constexpr OpInfo info{.name = "asin", .amp = Amp::full, .onnx = "Asin"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::asin(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * rsqrt((1.0 - g.input()) * (g.input() + 1.0))); }
};
struct Acos : Pointwise {
  static constexpr OpInfo info{.name = "acos", .amp = Amp::full, .onnx = "Acos"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::acos(x);
  }
  void gradient(Grad& g) const { g.set(0, -(g.grad() * rsqrt((1.0 - g.input()) * (g.input() + 1.0)))); }
};
struct Atan : Pointwise {
  static constexpr OpInfo info{.name = "atan", .onnx = "Atan"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::atan(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / (square(g.input()) + 1.0)); }
};
struct Atan2 : Pointwise {
  static constexpr OpInfo info{.name = "atan2", .tflite = "ATAN2"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T y, T x) {
    return std::atan2(y, x);
  }
  void gradient(Grad& g) const {
    const Tensor y = g.input(0), x = g.input(1);
    const Tensor scaled = g.grad() / (square(x) + square(y));
    if (g.needs(0)) g.set(0, scaled * x);
    if (g.needs(1)) g.set(1, -(scaled * y));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, sin, (const Tensor& input), "The sine of each element (radians); integers become floating point.") {
  return apply(Sin{}, to_floating(input));
}
DEEPSEEK_FACTS(sin, .in = {"method"}, .reference = "numpy.sin(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0)"});

DEEPSEEK_FUNCTION(Tensor, cos, (const Tensor& input), "The cosine of each element (radians); integers become floating point.") {
  return apply(Cos{}, to_floating(input));
}
DEEPSEEK_FACTS(cos, .in = {"method"}, .reference = "numpy.cos(input)", .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, tan, (const Tensor& input),
                  "The tangent of each element (radians); integers become floating point.") {
  return apply(Tan{}, to_floating(input));
}
DEEPSEEK_FACTS(tan, .in = {"method"}, .reference = "numpy.tan(input)", .good = {"rand(2, 3)", "rand()", "ints(4, high=2)"});

DEEPSEEK_FUNCTION(Tensor, asin, (const Tensor& input),
                  "The angle in [-pi/2, pi/2] whose sine each element is; NaN outside [-1, 1].") {
  return apply(Asin{}, to_floating(input));
}
DEEPSEEK_FACTS(asin, .in = {"method"}, .reference = "numpy.arcsin(input)", .good = {"rand(2, 3) * 0.9", "ints(4, high=2)"});

DEEPSEEK_FUNCTION(Tensor, acos, (const Tensor& input),
                  "The angle in [0, pi] whose cosine each element is; NaN outside [-1, 1].") {
  return apply(Acos{}, to_floating(input));
}
DEEPSEEK_FACTS(acos, .in = {"method"}, .reference = "numpy.arccos(input)", .good = {"rand(2, 3) * 0.9", "ints(4, high=2)"});

DEEPSEEK_FUNCTION(Tensor, atan, (const Tensor& input), "The angle in (-pi/2, pi/2) whose tangent each element is.") {
  return apply(Atan{}, to_floating(input));
}
DEEPSEEK_FACTS(atan, .in = {"method"}, .reference = "numpy.arctan(input)", .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, atan2, (const Tensor& input, const Tensor& other),
                  "The angle in [-pi, pi] of the point with ordinate input and abscissa other. Shapes broadcast and types "
                  "promote.") {
  return pointwise::floating_binary<Atan2>(input, other);
}
DEEPSEEK_FACTS(atan2, .in = {"method"}, .reference = "numpy.arctan2(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), rand(3) + 0.5", "ints(4), ints(4, low=1)"},
                        .bad = {"randn(2, 3), randn(2)"});

}  // namespace deepseek
