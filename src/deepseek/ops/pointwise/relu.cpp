// relu: its gradient reads the output, so that only one of input and output stays in memory.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct ReluBackward : Pointwise {
  static constexpr OpInfo info{.name = "relu_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T y) {
    return y <= T{0} ? T{0} : g;
  }
  void gradient(Grad& g) const { g.set(0, apply(ReluBackward{}, g.grad(), g.input(1))); }
};

struct Relu : Pointwise {
  static constexpr OpInfo info{.name = "relu", .onnx = "Relu", .tflite = "RELU"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x) {
    return x < T{0} ? T{0} : x;  // NaN stays NaN
  }
  void gradient(Grad& g) const { g.set(0, apply(ReluBackward{}, g.grad(), g.output())); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, relu, (const Tensor& input), "max(input, 0) of each element. The gradient at 0 is 0.") {
  return apply(Relu{}, input);
}
DEEPSEEK_FACTS(relu, .in = {"method", "functional"}, .reference = "numpy.maximum(input, 0)",
               .good = {"randn(2, 3)", "randn()", "ints(4, low=-3)", "randn(0, 3)"}, .bad = {"bools(3)"});

}  // namespace deepseek
