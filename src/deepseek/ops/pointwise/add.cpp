// add, sub, rsub.
#include <cmath>

#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Add : Pointwise {
  static constexpr OpInfo info{.name = "add", .onnx = "Add", .tflite = "ADD"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return pointwise::plus(a, b);
  }
  void gradient(Grad& g) const {
    g.set(0, g.grad());
    g.set(1, g.grad());
  }
};

struct Sub : Pointwise {
  static constexpr OpInfo info{.name = "sub", .onnx = "Sub", .tflite = "SUB"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    return pointwise::minus(a, b);
  }
  void gradient(Grad& g) const {
    g.set(0, g.grad());
    if (g.needs(1)) g.set(1, -g.grad());
  }
};

// alpha * other; a whole alpha keeps integers integer.
Tensor scaled(const Tensor& input, const Tensor& other, double alpha, const char* op) {
  if (alpha == std::floor(alpha) && std::fabs(alpha) < 0x1p62) return other * Tensor(static_cast<int64_t>(alpha));
  if (!is_floating_point(input.dtype()) && !is_floating_point(other.dtype())) {
    raise_value(op, ": alpha must be an integer when both tensors are, but alpha is ", alpha);
  }
  return other * Tensor(alpha);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, add, (const Tensor& input, const Tensor& other, double alpha DEFAULT(1)),
                  "The sum input + alpha * other, element by element.\n\n"
                  "Shapes broadcast and types promote as in torch. Two bool tensors add as 'or'; integers wrap.") {
  return pointwise::binary<Add>(input, alpha == 1 ? other : scaled(input, other, alpha, "add"));
}
DEEPSEEK_FACTS(add, .in = {"method"}, .reference = "input + other if alpha == 1 else input + alpha * other",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 1, 3), randn(4, 1), alpha=2", "randn(2, 3), 1.5",
                        "randn(), randn(2)",
                        "ints(3, 4), ints(4)", "ints(3), 2", "randn(0, 3), randn(3)", "randn(3), ints(3)",
                        "randn(3), randn(3), alpha=0.5"},
               .bad = {"randn(2, 3), randn(2)", "ints(2), ints(2), alpha=0.5"});

DEEPSEEK_FUNCTION(Tensor, sub, (const Tensor& input, const Tensor& other, double alpha DEFAULT(1)),
                  "The difference input - alpha * other, element by element.\n\n"
                  "Shapes broadcast and types promote as in torch. Bool tensors are refused: use logical_xor.") {
  if (input.dtype() == DType::bool_ && other.dtype() == DType::bool_) {
    raise_type("sub: two bool tensors have no difference; use logical_xor(input, other) or input ^ other");
  }
  return pointwise::binary<Sub>(input, alpha == 1 ? other : scaled(input, other, alpha, "sub"));
}
DEEPSEEK_FACTS(sub, .in = {"method"}, .reference = "input - other if alpha == 1 else input - alpha * other",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 1, 3), randn(4, 1), alpha=2", "randn(2, 3), 1.5",
                        "ints(3, 4), ints(4)",
                        "randn(0, 3), randn(3)"},
               .bad = {"randn(2, 3), randn(2)", "bools(2), bools(2)"});

DEEPSEEK_FUNCTION(Tensor, rsub, (const Tensor& input, const Tensor& other, double alpha DEFAULT(1)),
                  "The difference other - alpha * input, element by element; sub with its operands exchanged.") {
  return sub(other, input, alpha);
}
DEEPSEEK_FACTS(rsub, .reference = "other - alpha * input", .good = {"randn(2, 3), 1.5", "randn(2, 3), randn(3), alpha=2"});

}  // namespace deepseek
