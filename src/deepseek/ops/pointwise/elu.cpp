// elu, selu, celu: scale x above zero, a (e^(inner x) - 1) below.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// scale above zero, a e^(inner x) below; its own derivative has the same form.
struct EluSlope : Pointwise {
  static constexpr OpInfo info{.name = "elu_slope"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T scale, T a, T inner) {
    const T below = a * fused::exp(inner * x);
    return x > T{0} ? scale : below;
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(0), inner = g.input(3);
    g.set(0, g.grad() * apply(EluSlope{}, x, pointwise::scalar_like(x, 0), g.input(2) * inner, inner));
  }
};

struct Elu : Pointwise {
  static constexpr OpInfo info{.name = "elu", .onnx = "Elu", .tflite = "ELU"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T scale, T a, T inner) {
    const T below = a * fused::expm1(inner * x);
    return x > T{0} ? scale * x : below;
  }
  void gradient(Grad& g) const {
    g.set(0, g.grad() * apply(EluSlope{}, g.input(0), g.input(1), g.input(2) * g.input(3), g.input(3)));
  }
};

Tensor exponential(const Tensor& x, double scale, double a, double inner, const char* op) {
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be a floating tensor, but is ", name_of(x.dtype()));
  return apply(Elu{}, x, pointwise::scalar_like(x, scale), pointwise::scalar_like(x, a), pointwise::scalar_like(x, inner));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, elu, (const Tensor& input, double alpha DEFAULT(1.0)),
                  "input above 0, alpha * (exp(input) - 1) below.") {
  return exponential(input, 1, alpha, 1, "elu");
}
DEEPSEEK_FACTS(elu, .in = {"functional"}, .reference = "numpy.where(input > 0, input, alpha * numpy.expm1(input))",
               .good = {"randn(2, 3)", "randn(2, 3), 0.5", "randn(0)"}, .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, selu, (const Tensor& input),
                  "1.0507 * (input above 0, 1.6733 * (exp(input) - 1) below), which keeps mean 0 and variance 1 through "
                  "layers.") {
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  return exponential(input, scale, alpha * scale, 1, "selu");
}
DEEPSEEK_FACTS(selu, .in = {"functional"},
               .reference = "1.0507009873554804934193349852946 * numpy.where(input > 0, input, "
                            "1.6732632423543772848170429916717 * numpy.expm1(input))",
               .good = {"randn(2, 3)"}, .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, celu, (const Tensor& input, double alpha DEFAULT(1.0)),
                  "input above 0, alpha * (exp(input / alpha) - 1) below.") {
  ensure(alpha != 0, "celu: alpha must not be 0");
  return exponential(input, 1, alpha, 1 / alpha, "celu");
}
DEEPSEEK_FACTS(celu, .in = {"functional"}, .reference = "numpy.where(input > 0, input, alpha * numpy.expm1(input / alpha))",
               .good = {"randn(2, 3)", "randn(2, 3), 0.5"}, .bad = {"ints(3)", "randn(2), 0.0"});

}  // namespace deepseek
