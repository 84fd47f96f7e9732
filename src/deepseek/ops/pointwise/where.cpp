// where, masked_fill.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {

Tensor where(const Tensor& condition, const Tensor& input, const Tensor& other);

namespace {

struct Where : Pointwise {
  static constexpr OpInfo info{.name = "where", .onnx = "Where", .tflite = "SELECT_V2"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr int conditions = 1;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(bool c, T a, T b) {
    return c ? a : b;
  }
  void gradient(Grad& g) const {
    const Tensor zero = pointwise::scalar_like(g.grad(), 0);
    if (g.needs(1)) g.set(1, where(g.input(0), g.grad(), zero));
    if (g.needs(2)) g.set(2, where(g.input(0), zero, g.grad()));
  }
};

void require_condition(const Tensor& condition, const char* op, const char* name) {
  if (condition.dtype() != DType::bool_) {
    raise_type(op, ": ", name, " must be a bool tensor, but is ", name_of(condition.dtype()), "; write ", name, " != 0");
  }
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, where, (const Tensor& condition, const Tensor& input, const Tensor& other),
                  "input where condition is true, other elsewhere.\n\n"
                  "condition is bool; the three shapes broadcast, and the types of input and other promote.") {
  require_condition(condition, "where", "condition");
  Tensor x = input, y = other;
  promote_operands(x, y);
  return apply(Where{}, condition, x, y);
}
DEEPSEEK_FACTS(where, .reference = "numpy.where(condition, input, other)",
               .good = {"bools(2, 3), randn(2, 3), randn(2, 3)", "bools(4, 1), randn(3), 0.5", "bools(3), ints(3), ints(3)",
                        "bools(0), randn(0), randn(0)", "bools(), randn(2), randn(2)"},
               .bad = {"bools(2), randn(3), randn(3)", "randn(3), randn(3), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, masked_fill, (const Tensor& input, const Tensor& mask, const Tensor& value),
                  "value where mask is true, input elsewhere.\n\n"
                  "mask is bool and broadcasts to input; value is a number or a 0-d tensor and becomes input's type.") {
  require_condition(mask, "masked_fill", "mask");
  ensure(value.rank() == 0, "masked_fill: value must be a number or have no dims, but has shape ", to_string(value.shape()));
  if (kind_of(value.dtype()) > kind_of(input.dtype()) && input.dtype() != DType::bool_) {
    raise_type("masked_fill: a ", name_of(value.dtype()), " value cannot be stored in a ", name_of(input.dtype()), " tensor");
  }
  ensure(broadcastable_to(mask.shape(), input.shape()), "masked_fill: mask must broadcast to input, but mask is ",
         to_string(mask.shape()), " and input is ", to_string(input.shape()));
  return apply(Where{}, mask, cast(value, input.dtype()), input);
}
DEEPSEEK_FACTS(masked_fill, .in = {"method"}, .reference = "numpy.where(mask, value, input).astype(input.dtype)",
               .good = {"randn(2, 3), bools(2, 3), -1.5", "randn(4, 3), bools(3), 0", "ints(3), bools(3), 7", "bools(3), bools(3), 1"},
               .bad = {"randn(3), bools(2), 0", "ints(3), bools(3), 0.5", "randn(3), randn(3), 0"});

DEEPSEEK_FUNCTION(Tensor, fill, (const Tensor& input, const Tensor& value),
                  "A tensor like input, shape and type, filled with value, a number or a tensor without dims.") {
  ensure(value.rank() == 0, "fill: value must be a number or have no dims, but has shape ", to_string(value.shape()));
  return apply(Where{}, Tensor(true), cast(value, input.dtype()), input);
}
DEEPSEEK_FACTS(fill, .reference = "numpy.full_like(input, value)", .good = {"randn(2, 3), 1.5", "randn(3), randn()", "ints(2), 4"},
               .bad = {"randn(3), randn(1)"});

}  // namespace deepseek
