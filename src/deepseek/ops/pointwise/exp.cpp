// Exponentials: exp, exp2, expm1.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Exp : Pointwise {
  static constexpr OpInfo info{.name = "exp", .amp = Amp::full, .onnx = "Exp", .tflite = "EXP"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::exp(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * g.output()); }
};

struct Exp2 : Pointwise {
  static constexpr OpInfo info{.name = "exp2", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::exp2(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (g.output() * 0.6931471805599453)); }
};

struct Expm1 : Pointwise {
  static constexpr OpInfo info{.name = "expm1", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::expm1(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (g.output() + 1.0)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, exp, (const Tensor& input), "e ** input of each element; integers become floating point.") {
  return apply(Exp{}, to_floating(input));
}
DEEPSEEK_FACTS(exp, .in = {"method"}, .reference = "numpy.exp(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0, 3)"});

DEEPSEEK_FUNCTION(Tensor, exp2, (const Tensor& input), "2 ** input of each element; integers become floating point.") {
  return apply(Exp2{}, to_floating(input));
}
DEEPSEEK_FACTS(exp2, .in = {"method", "special"}, .reference = "numpy.exp2(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, expm1, (const Tensor& input),
                  "exp(input) - 1 of each element without loss of digits near zero; integers become floating point.") {
  return apply(Expm1{}, to_floating(input));
}
DEEPSEEK_FACTS(expm1, .in = {"method", "special"}, .reference = "numpy.expm1(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)"});

}  // namespace deepseek
