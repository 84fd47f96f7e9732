// lerp, addcmul, addcdiv.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// Measured from the nearer end, so that both ends are exact.
struct Lerp : Pointwise {
  static constexpr OpInfo info{.name = "lerp"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T start, T end, T weight) {
    const T d = end - start;
    return weight < T(0.5) ? start + weight * d : end - d * (T{1} - weight);
  }
  void gradient(Grad& g) const {
    const Tensor part = g.grad() * g.input(2);
    if (g.needs(0)) g.set(0, g.grad() - part);
    if (g.needs(1)) g.set(1, part);
    if (g.needs(2)) g.set(2, g.grad() * (g.input(1) - g.input(0)));
  }
};

Tensor weighted(const Tensor& term, const Tensor& value, const Tensor& input, const char* op) {
  ensure(value.rank() == 0, op, ": value must be a number, but has shape ", to_string(value.shape()));
  if (is_floating_point(value.dtype()) && !is_floating_point(input.dtype()) && !is_floating_point(term.dtype())) {
    raise_type(op, ": value must be an integer for integer tensors, but is a float");
  }
  broadcast(input.shape(), term.shape(), op);
  if (pointwise::number_of(value) == 1.0) return input + term;
  return input + term * value;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, lerp, (const Tensor& input, const Tensor& end, const Tensor& weight),
                  "input + weight * (end - input), exact where weight is 0 or 1. weight is a number or a tensor; shapes "
                  "broadcast.") {
  Tensor x = input, y = end, w = weight;
  promote_operands(x, y, w);
  return apply(Lerp{}, to_floating(x), to_floating(y), to_floating(w));
}
DEEPSEEK_FACTS(lerp, .in = {"method"}, .reference = "input + weight * (end - input)",
               .good = {"randn(2, 3), randn(2, 3), 0.25", "randn(4, 1), randn(3), rand(4, 3)", "randn(3), randn(3), 1.5"},
               .bad = {"randn(2), randn(3), 0.5"});

DEEPSEEK_FUNCTION(Tensor, addcmul,
                  (const Tensor& input, const Tensor& tensor1, const Tensor& tensor2, const Tensor& value DEFAULT(1)),
                  "input + value * tensor1 * tensor2. Shapes broadcast and types promote.") {
  return weighted(tensor1 * tensor2, value, input, "addcmul");
}
DEEPSEEK_FACTS(addcmul, .in = {"method"}, .reference = "input + value * tensor1 * tensor2",
               .good = {"randn(2, 3), randn(2, 3), randn(2, 3)", "randn(3), randn(4, 1), randn(3), value=0.5",
                        "ints(3), ints(3), ints(3), value=2"},
               .bad = {"randn(2), randn(3), randn(3)", "ints(3), ints(3), ints(3), value=0.5"});

DEEPSEEK_FUNCTION(Tensor, addcdiv,
                  (const Tensor& input, const Tensor& tensor1, const Tensor& tensor2, const Tensor& value DEFAULT(1)),
                  "input + value * tensor1 / tensor2. Shapes broadcast and types promote.") {
  return weighted(tensor1 / tensor2, value, input, "addcdiv");
}
DEEPSEEK_FACTS(addcdiv, .in = {"method"}, .reference = "input + value * tensor1 / tensor2",
               .good = {"randn(2, 3), randn(2, 3), rand(2, 3) + 0.5", "randn(3), randn(4, 1), rand(3) + 0.5, value=0.5"},
               .bad = {"randn(2), randn(3), randn(3)"});

}  // namespace deepseek
