// leaky_relu, prelu, rrelu.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct LeakyBackward : Pointwise {
  static constexpr OpInfo info{.name = "leaky_relu_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T slope) {
    return x > T{0} ? g : g * slope;
  }
  void gradient(Grad& g) const {
    g.set(0, apply(LeakyBackward{}, g.grad(), g.input(1), g.input(2)));
    if (g.needs(2)) g.set(2, where(gt(g.input(1), 0.0), 0.0, g.grad() * g.input(0)));
  }
};

struct Leaky : Pointwise {
  static constexpr OpInfo info{.name = "leaky_relu", .onnx = "PRelu", .tflite = "PRELU"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T slope) {
    return x > T{0} ? x : x * slope;
  }
  void gradient(Grad& g) const {
    if (g.needs(0)) g.set(0, apply(LeakyBackward{}, g.grad(), g.input(0), g.input(1)));
    if (g.needs(1)) g.set(1, where(gt(g.input(0), 0.0), 0.0, g.grad() * g.input(0)));
  }
};

void require_floating(const Tensor& x, const char* op) {
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be a floating tensor, but is ", name_of(x.dtype()));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, leaky_relu, (const Tensor& input, double negative_slope DEFAULT(0.01)),
                  "input above 0, negative_slope * input below.") {
  require_floating(input, "leaky_relu");
  return apply(Leaky{}, input, pointwise::scalar_like(input, negative_slope));
}
DEEPSEEK_FACTS(leaky_relu, .in = {"functional"}, .reference = "numpy.where(input > 0, input, negative_slope * input)",
               .good = {"randn(2, 3)", "randn(2, 3), 0.3", "randn(0)"}, .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, prelu, (const Tensor& input, const Tensor& weight),
                  "input above 0, weight * input below; weight holds one number, or one for each channel (dim 1 of input).") {
  require_floating(input, "prelu");
  ensure(weight.numel() == 1 || (weight.rank() == 1 && input.rank() >= 2 && weight.size(0) == input.size(1)),
         "prelu: weight must have one element, or as many as input has channels (dim 1), but input is ",
         to_string(input.shape()),
         " and weight is ", to_string(weight.shape()));
  Tensor x = input, w = weight;
  promote_operands(x, w);
  Shape shape = Dims::filled(input.rank(), 1);
  if (weight.numel() != 1) shape[1] = weight.numel();
  return apply(Leaky{}, x, reshape(w, shape));
}
DEEPSEEK_FACTS(prelu, .in = {"functional"},
               .reference = "numpy.where(input > 0, input, weight.reshape((-1,) + (1,) * max(input.ndim - 2, 0)) * input)",
               .good = {"randn(2, 3, 4), rand(3)", "randn(2, 3), rand(1)", "randn(2, 3), rand(3)"},
               .bad = {"randn(2, 3), rand(2)", "ints(2, 3), rand(1)"});

DEEPSEEK_FUNCTION(Tensor, rrelu,
                  (const Tensor& input, double lower DEFAULT(0.125), double upper DEFAULT(0.3333333333333333),
                      bool training DEFAULT(false)),
                  "input above 0, slope * input below; the slope is drawn from [lower, upper) for each element in training, "
                  "and is the middle of the range otherwise.") {
  require_floating(input, "rrelu");
  ensure(lower <= upper, "rrelu: lower must be at most upper, but they are ", lower, " and ", upper);
  if (!training) return apply(Leaky{}, input, pointwise::scalar_like(input, (lower + upper) / 2));
  return apply(Leaky{}, input, cast(uniform(input.shape(), lower, upper, DType::float32), input.dtype()));
}
DEEPSEEK_FACTS(rrelu, .in = {"functional"}, .reference = "numpy.where(input > 0, input, (lower + upper) / 2 * input)",
               .good = {"randn(2, 3)"}, .bad = {"randn(2), 1.0, 0.5", "ints(3)"});

}  // namespace deepseek
