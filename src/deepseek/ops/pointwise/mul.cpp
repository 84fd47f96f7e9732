// mul, neg, square.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Mul : Pointwise {
  static constexpr OpInfo info{.name = "mul", .onnx = "Mul", .tflite = "MUL"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return pointwise::times(a, b);
  }
  void gradient(Grad& g) const {
    if (g.needs(0)) g.set(0, g.grad() * g.input(1));
    if (g.needs(1)) g.set(1, g.grad() * g.input(0));
  }
};

struct Neg : Pointwise {
  static constexpr OpInfo info{.name = "neg", .onnx = "Neg", .tflite = "NEG"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a) {
    return pointwise::negative(a);
  }
  void gradient(Grad& g) const { g.set(0, -g.grad()); }
};

struct Square : Pointwise {
  static constexpr OpInfo info{.name = "square", .tflite = "SQUARE"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a) {
    return pointwise::times(a, a);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (g.input() * 2)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, mul, (const Tensor& input, const Tensor& other),
                  "The product input * other, element by element.\n\n"
                  "Shapes broadcast and types promote as in torch. Two bool tensors multiply as 'and'; integers wrap.") {
  return pointwise::binary<Mul>(input, other);
}
DEEPSEEK_FACTS(mul, .in = {"method"}, .reference = "input * other",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 1, 3), randn(4, 1)", "randn(2, 3), 1.5", "ints(3, 4), ints(4)",
                        "bools(3, 4), bools(4)", "randn(0, 3), randn(3)", "randn(), randn()", "bools(3), randn(3)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, neg, (const Tensor& input), "The negative -input of each element; integers wrap, bool is refused.") {
  if (input.dtype() == DType::bool_) raise_type("neg: a bool tensor has no negative; use logical_not(input) or ~input");
  return apply(Neg{}, input);
}
DEEPSEEK_FACTS(neg, .in = {"method"}, .reference = "-input", .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0)"},
               .bad = {"bools(3)"});

DEEPSEEK_FUNCTION(Tensor, negative, (const Tensor& input),
                  "The negative of each element; the same as neg.") {
  return neg(input);
}
DEEPSEEK_FACTS(negative, .in = {"method"}, .reference = "-input", .good = {"randn(2, 3)"}, .bad = {"bools(3)"});

DEEPSEEK_FUNCTION(Tensor, positive, (const Tensor& input), "The tensor itself; bool is refused.") {
  if (input.dtype() == DType::bool_) raise_type("positive: a bool tensor has no sign");
  return input;
}
DEEPSEEK_FACTS(positive, .in = {"method"}, .reference = "+input", .good = {"randn(2, 3)"}, .bad = {"bools(3)"});

DEEPSEEK_FUNCTION(Tensor, square, (const Tensor& input), "The square input * input of each element; integers wrap.") {
  return apply(Square{}, input.dtype() == DType::bool_ ? cast(input, DType::int64) : input);
}
DEEPSEEK_FACTS(square, .in = {"method"}, .reference = "input ** 2", .good = {"randn(2, 3)", "randn()", "ints(4)", "randn(0)"});

}  // namespace deepseek
