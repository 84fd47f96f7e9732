// softplus.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct SoftplusBackward : Pointwise {
  static constexpr OpInfo info{.name = "softplus_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T beta, T threshold) {
    const T scaled = g * fused::sigmoid(beta * x);
    return beta * x > threshold ? g : scaled;
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(1), beta = g.input(2), threshold = g.input(3);
    g.set(0, apply(SoftplusBackward{}, g.grad(), x, beta, threshold));
    if (g.needs(1)) {
      const Tensor z = beta * x;
      const Tensor s = sigmoid(z);
      g.set(1, g.grad() * g.input(0) * where(gt(z, threshold), 0.0, beta * s * sigmoid(-z)));
    }
  }
};

struct Softplus : Pointwise {
  static constexpr OpInfo info{.name = "softplus", .amp = Amp::full, .onnx = "Softplus"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T beta, T threshold) {
    const T soft = fused::log1p(fused::exp(beta * x)) / beta;
    return beta * x > threshold ? x : soft;
  }
  void gradient(Grad& g) const { g.set(0, apply(SoftplusBackward{}, g.grad(), g.input(0), g.input(1), g.input(2))); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, softplus, (const Tensor& input, double beta DEFAULT(1.0), double threshold DEFAULT(20.0)),
                  "log(1 + exp(beta * input)) / beta, and input itself where beta * input > threshold.") {
  ensure(beta != 0, "softplus: beta must not be 0");
  if (!is_floating_point(input.dtype())) raise_type("softplus: input must be a floating tensor, but is ",
      name_of(input.dtype()));
  return apply(Softplus{}, input, pointwise::scalar_like(input, beta), pointwise::scalar_like(input, threshold));
}
DEEPSEEK_FACTS(softplus, .in = {"functional"},
               .reference = "numpy.where(beta * input > threshold, input, numpy.logaddexp(0, beta * input) / beta)",
               .good = {"randn(2, 3)", "randn(2, 3), 2.0, 1.0", "randn(3) * 30"}, .bad = {"ints(3)", "randn(2), 0.0"});

}  // namespace deepseek
