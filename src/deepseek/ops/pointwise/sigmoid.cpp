// sigmoid and tanh: one lane each way, because exp(-x) and (1 - y) composed lose digits and passes.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct SigmoidBackward : Pointwise {
  static constexpr OpInfo info{.name = "sigmoid_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T y) {
    return g * (y * (T{1} - y));
  }
  void gradient(Grad& g) const {
    g.set(0, apply(SigmoidBackward{}, g.grad(), g.input(1)));
    if (g.needs(1)) g.set(1, g.grad() * g.input(0) * (g.input(1) * -2.0 + 1.0));
  }
};

struct Sigmoid : Pointwise {
  static constexpr OpInfo info{.name = "sigmoid", .onnx = "Sigmoid", .tflite = "LOGISTIC"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::sigmoid(x);
  }
  void gradient(Grad& g) const { g.set(0, apply(SigmoidBackward{}, g.grad(), g.output())); }
};

struct TanhBackward : Pointwise {
  static constexpr OpInfo info{.name = "tanh_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T y) {
    return g * ((T{1} - y) * (T{1} + y));
  }
  void gradient(Grad& g) const {
    g.set(0, apply(TanhBackward{}, g.grad(), g.input(1)));
    if (g.needs(1)) g.set(1, g.grad() * g.input(0) * (g.input(1) * -2.0));
  }
};

struct Tanh : Pointwise {
  static constexpr OpInfo info{.name = "tanh", .onnx = "Tanh", .tflite = "TANH"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::tanh(x);
  }
  void gradient(Grad& g) const { g.set(0, apply(TanhBackward{}, g.grad(), g.output())); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, sigmoid, (const Tensor& input),
                  "1 / (1 + exp(-input)) of each element; integers become floating point.") {
  return apply(Sigmoid{}, to_floating(input));
}
DEEPSEEK_FACTS(sigmoid, .in = {"method", "functional"}, .reference = "scipy.special.expit(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0, 3)"});

DEEPSEEK_FUNCTION(Tensor, tanh, (const Tensor& input),
                  "The hyperbolic tangent of each element; integers become floating point.") {
  return apply(Tanh{}, to_floating(input));
}
DEEPSEEK_FACTS(tanh, .in = {"method", "functional"}, .reference = "numpy.tanh(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0, 3)"});

}  // namespace deepseek
