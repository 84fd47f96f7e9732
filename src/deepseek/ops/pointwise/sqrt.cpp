// sqrt, rsqrt.
#include <cmath>

#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Sqrt : Pointwise {
  static constexpr OpInfo info{.name = "sqrt", .onnx = "Sqrt", .tflite = "SQRT"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::sqrt(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / (g.output() * 2.0)); }
};

struct Rsqrt : Pointwise {
  static constexpr OpInfo info{.name = "rsqrt", .amp = Amp::full, .tflite = "RSQRT"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return T{1} / std::sqrt(x);
  }
  void gradient(Grad& g) const {
    const Tensor y = g.output();
    g.set(0, g.grad() * (y * y * y * -0.5));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, sqrt, (const Tensor& input),
                  "The square root of each element, NaN below zero; integers become floating point.") {
  return apply(Sqrt{}, to_floating(input));
}
DEEPSEEK_FACTS(sqrt, .in = {"method"}, .reference = "numpy.sqrt(input)",
               .good = {"rand(2, 3) + 0.5", "rand() + 0.5", "ints(4)", "randn(0)"});

DEEPSEEK_FUNCTION(Tensor, rsqrt, (const Tensor& input), "1 / sqrt(input) of each element; integers become floating point.") {
  return apply(Rsqrt{}, to_floating(input));
}
DEEPSEEK_FACTS(rsqrt, .in = {"method"}, .reference = "1 / numpy.sqrt(input)",
               .good = {"rand(2, 3) + 0.5", "ints(4, low=1)", "randn(0)"});

}  // namespace deepseek
