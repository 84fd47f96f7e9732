// Comparisons; the results are bool.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable no_slope{"a comparison is true or false and has no slope"};

struct Eq : Pointwise {
  static constexpr OpInfo info{.name = "eq", .onnx = "Equal", .tflite = "EQUAL"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a == b;
  }
};
struct Ne : Pointwise {
  static constexpr OpInfo info{.name = "ne", .tflite = "NOT_EQUAL"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a != b;
  }
};
struct Lt : Pointwise {
  static constexpr OpInfo info{.name = "lt", .onnx = "Less", .tflite = "LESS"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a < b;
  }
};
struct Le : Pointwise {
  static constexpr OpInfo info{.name = "le", .onnx = "LessOrEqual", .tflite = "LESS_EQUAL"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a <= b;
  }
};

struct Gt : Pointwise {
  static constexpr OpInfo info{.name = "gt", .onnx = "Greater", .tflite = "GREATER"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a > b;
  }
};
struct Ge : Pointwise {
  static constexpr OpInfo info{.name = "ge", .onnx = "GreaterOrEqual", .tflite = "GREATER_EQUAL"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::AllTypes;
  template <class T>
  static bool lane(T a, T b) {
    return a >= b;
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, eq, (const Tensor& input, const Tensor& other),
                  "Where input == other, as a bool tensor. Shapes broadcast and types promote; NaN equals nothing.") {
  return pointwise::binary<Eq>(input, other);
}
DEEPSEEK_FACTS(eq, .in = {"method"}, .reference = "input == other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)", "bools(4), bools(4)",
                        "randn(0), randn(0)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, ne, (const Tensor& input, const Tensor& other),
                  "Where input != other, as a bool tensor. Shapes broadcast and types promote; NaN differs from all.") {
  return pointwise::binary<Ne>(input, other);
}
DEEPSEEK_FACTS(ne, .in = {"method"}, .reference = "input != other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)", "bools(4), bools(4)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, lt, (const Tensor& input, const Tensor& other),
                  "Where input < other, as a bool tensor. Shapes broadcast and types promote.") {
  return pointwise::binary<Lt>(input, other);
}
DEEPSEEK_FACTS(lt, .in = {"method"}, .reference = "input < other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)", "bools(4), bools(4)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, le, (const Tensor& input, const Tensor& other),
                  "Where input <= other, as a bool tensor. Shapes broadcast and types promote.") {
  return pointwise::binary<Le>(input, other);
}
DEEPSEEK_FACTS(le, .in = {"method"}, .reference = "input <= other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)"}, .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, gt, (const Tensor& input, const Tensor& other),
                  "Where input > other, as a bool tensor. Shapes broadcast and types promote.") {
  return pointwise::binary<Gt>(input, other);
}
DEEPSEEK_FACTS(gt, .in = {"method"}, .reference = "input > other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)"}, .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, ge, (const Tensor& input, const Tensor& other),
                  "Where input >= other, as a bool tensor. Shapes broadcast and types promote.") {
  return pointwise::binary<Ge>(input, other);
}
DEEPSEEK_FACTS(ge, .in = {"method"}, .reference = "input >= other",
               .good = {"ints(3, 4), ints(4)", "ints(3, 4), 2", "randn(2, 3), randn(2, 3)"}, .bad = {"randn(2, 3), randn(2)"});

}  // namespace deepseek
