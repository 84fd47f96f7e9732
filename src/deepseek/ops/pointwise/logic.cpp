// Logic on truth values, and bitwise operations on bool and integers.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable logic_has_no_slope{"logic has no slope"};

struct And : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_and", .onnx = "And", .tflite = "LOGICAL_AND"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::IntegralAndBool;
  template <class T>
  static T lane(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct Or : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_or", .onnx = "Or", .tflite = "LOGICAL_OR"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::IntegralAndBool;
  template <class T>
  static T lane(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct Xor : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_xor", .onnx = "Xor"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::IntegralAndBool;
  template <class T>
  static T lane(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct Not : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_not", .onnx = "Not", .tflite = "LOGICAL_NOT"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::IntegralAndBool;
  template <class T>
  static T lane(T a) {
    if constexpr (std::is_same_v<T, bool>) return !a;
    else return static_cast<T>(~a);
  }
};

template <class T>
constexpr int bits = static_cast<int>(sizeof(T) * 8);

// Shifts by the width or more, or by a negative count, give what an endless shift would: 0, or the sign to the right.
struct ShiftLeft : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_left_shift"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::Integral;
  template <class T>
  static T lane(T a, T b) {
    return ((b < 0) | (b >= bits<T>)) ? T{0} : static_cast<T>(static_cast<pointwise::Unsigned<T>>(a) << (b & (bits<T> - 1)));
  }
};
struct ShiftRight : Pointwise {
  static constexpr OpInfo info{.name = "bitwise_right_shift"};
  static constexpr NotDifferentiable gradient = logic_has_no_slope;
  using Lanes = fused::Integral;
  template <class T>
  static T lane(T a, T b) {
    return static_cast<T>(a >> (((b < 0) | (b >= bits<T>)) ? bits<T> - 1 : b));
  }
};

template <class S>
Tensor logical(const Tensor& a, const Tensor& b, const char* op) {
  broadcast(a.shape(), b.shape(), op);  // names the caller when the shapes do not fit
  return apply(S{}, cast(a, DType::bool_), cast(b, DType::bool_));
}

template <class S>
Tensor bitwise(const Tensor& a, const Tensor& b) {
  Tensor x = a, y = b;
  promote_operands(x, y);
  if (is_floating_point(x.dtype())) {
    raise_type(S::info.name, ": needs bool or integer tensors, but the operands are ", name_of(a.dtype()), " and ",
        name_of(b.dtype()));
  }
  return apply(S{}, x, y);
}
template <class S>
Tensor shift(const Tensor& a, const Tensor& b) {
  Tensor x = a, y = b;
  promote_operands(x, y);
  if (!is_integral(x.dtype())) {
    raise_type(S::info.name, ": needs integer tensors, but the operands are ", name_of(a.dtype()), " and ", name_of(b.dtype()));
  }
  return apply(S{}, x, y);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, logical_and, (const Tensor& input, const Tensor& other),
                  "Where both elements are true (not zero), as a bool tensor. Shapes broadcast.") {
  return logical<And>(input, other, "logical_and");
}
DEEPSEEK_FACTS(logical_and, .in = {"method"}, .reference = "numpy.logical_and(input, other)",
               .good = {"bools(3, 4), bools(4)", "ints(4, high=2), bools(4)", "randn(3), bools(3)"},
                        .bad = {"bools(3), bools(2)"});

DEEPSEEK_FUNCTION(Tensor, logical_or, (const Tensor& input, const Tensor& other),
                  "Where either element is true (not zero), as a bool tensor. Shapes broadcast.") {
  return logical<Or>(input, other, "logical_or");
}
DEEPSEEK_FACTS(logical_or, .in = {"method"}, .reference = "numpy.logical_or(input, other)",
               .good = {"bools(3, 4), bools(4)", "ints(4, high=2), bools(4)"}, .bad = {"bools(3), bools(2)"});

DEEPSEEK_FUNCTION(Tensor, logical_xor, (const Tensor& input, const Tensor& other),
                  "Where exactly one element is true (not zero), as a bool tensor. Shapes broadcast.") {
  return logical<Xor>(input, other, "logical_xor");
}
DEEPSEEK_FACTS(logical_xor, .in = {"method"}, .reference = "numpy.logical_xor(input, other)",
               .good = {"bools(3, 4), bools(4)", "ints(4, high=2), bools(4)"}, .bad = {"bools(3), bools(2)"});

DEEPSEEK_FUNCTION(Tensor, logical_not, (const Tensor& input), "Where the element is false (zero), as a bool tensor.") {
  return apply(Not{}, cast(input, DType::bool_));
}
DEEPSEEK_FACTS(logical_not, .in = {"method"}, .reference = "numpy.logical_not(input)",
               .good = {"bools(3, 4)", "ints(4, high=2)", "randn(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_and, (const Tensor& input, const Tensor& other),
                  "input & other of integers bit by bit, or of bools. Shapes broadcast and types promote.") {
  return bitwise<And>(input, other);
}
DEEPSEEK_FACTS(bitwise_and, .in = {"method"}, .reference = "input & other",
               .good = {"ints(3, 4), ints(4)", "bools(4), bools(4)", "ints(4), 3"},
               .bad = {"ints(3), ints(2)", "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_or, (const Tensor& input, const Tensor& other),
                  "input | other of integers bit by bit, or of bools. Shapes broadcast and types promote.") {
  return bitwise<Or>(input, other);
}
DEEPSEEK_FACTS(bitwise_or, .in = {"method"}, .reference = "input | other",
               .good = {"ints(3, 4), ints(4)", "bools(4), bools(4)", "ints(4), 3"},
               .bad = {"ints(3), ints(2)", "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_xor, (const Tensor& input, const Tensor& other),
                  "input ^ other of integers bit by bit, or of bools. Shapes broadcast and types promote.") {
  return bitwise<Xor>(input, other);
}
DEEPSEEK_FACTS(bitwise_xor, .in = {"method"}, .reference = "input ^ other",
               .good = {"ints(3, 4), ints(4)", "bools(4), bools(4)", "ints(4), 3"},
               .bad = {"ints(3), ints(2)", "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_not, (const Tensor& input),
                  "~input: every bit of an integer, or the truth of a bool, is flipped.") {
  if (is_floating_point(input.dtype())) raise_type("bitwise_not: needs a bool or integer tensor, but input is ",
      name_of(input.dtype()));
  return apply(Not{}, input);
}
DEEPSEEK_FACTS(bitwise_not, .in = {"method"}, .reference = "~input", .good = {"ints(3, 4)", "bools(4)"}, .bad = {"randn(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_left_shift, (const Tensor& input, const Tensor& other),
                  "input << other of integers; bits that leave are lost, and a shift by the width or more gives 0.") {
  return shift<ShiftLeft>(input, other);
}
DEEPSEEK_FACTS(bitwise_left_shift, .in = {"method"}, .reference = "input << other",
               .good = {"ints(3, 4), ints(4, low=0, high=9)", "ints(4), 3"},
               .bad = {"ints(3), ints(2)", "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, bitwise_right_shift, (const Tensor& input, const Tensor& other),
                  "input >> other of integers with the sign kept; a shift by the width or more gives 0 or -1.") {
  return shift<ShiftRight>(input, other);
}
DEEPSEEK_FACTS(bitwise_right_shift, .in = {"method"}, .reference = "input >> other",
               .good = {"ints(3, 4), ints(4, low=0, high=9)", "ints(4), 3"},
               .bad = {"ints(3), ints(2)", "randn(3), ints(3)"});

}  // namespace deepseek
