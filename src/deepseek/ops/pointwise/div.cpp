// Division: div with its rounding modes, floor_divide, remainder, fmod, reciprocal.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Div : Pointwise {
  static constexpr OpInfo info{.name = "div", .onnx = "Div", .tflite = "DIV"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a, T b) {
    return a / b;
  }
  void gradient(Grad& g) const {
    const Tensor scaled = g.grad() / g.input(1);
    if (g.needs(0)) g.set(0, scaled);
    if (g.needs(1)) g.set(1, -(scaled * g.output()));
  }
};

// Integer division that cannot trap: by zero it is 0, and the least integer divided by -1 wraps.
template <class T>
T quotient(T a, T b) {
  if (b == 0) return 0;
  return b == -1 ? pointwise::negative(a) : static_cast<T>(a / b);
}
template <class T>
T rest(T a, T b) {
  return b == 0 || b == -1 ? T{0} : static_cast<T>(a % b);
}
template <class T>
T floor_rest(T a, T b) {
  const T r = rest(a, b);
  return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
}

struct TruncDiv : Pointwise {
  static constexpr OpInfo info{.name = "trunc_divide"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    if constexpr (std::is_integral_v<T>) return quotient(a, b);
    else return std::trunc(a / b);
  }
  void gradient(Grad& g) const { pointwise::set_zero(g, 0), pointwise::set_zero(g, 1); }
};

struct FloorDiv : Pointwise {
  static constexpr OpInfo info{.name = "floor_divide", .tflite = "FLOOR_DIV"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      const T q = quotient(a, b), r = rest(a, b);
      return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(q - 1) : q;
    } else {
      // Python's: the rounded quotient may lie above the true floor, so it is corrected through the exact remainder.
      if (b == 0) return a / b;
      const T mod = std::fmod(a, b);
      T d = (a - mod) / b;
      if (mod != 0 && (b < 0) != (mod < 0)) d -= 1;
      if (d == 0) return std::copysign(T{0}, a / b);
      T f = std::floor(d);
      return d - f > T(0.5) ? f + 1 : f;
    }
  }
  void gradient(Grad& g) const { pointwise::set_zero(g, 0), pointwise::set_zero(g, 1); }
};

struct Remainder : Pointwise {
  static constexpr OpInfo info{.name = "remainder", .onnx = "Mod", .tflite = "FLOOR_MOD"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      return floor_rest(a, b);
    } else {
      const T r = std::fmod(a, b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
  }
  void gradient(Grad& g) const {
    g.set(0, g.grad());
    if (g.needs(1)) g.set(1, -(g.grad() * floor_divide(g.input(0), g.input(1))));
  }
};

struct Fmod : Pointwise {
  static constexpr OpInfo info{.name = "fmod", .onnx = "Mod"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    if constexpr (std::is_integral_v<T>) return rest(a, b);
    else return std::fmod(a, b);
  }
  void gradient(Grad& g) const {
    g.set(0, g.grad());
    if (g.needs(1)) g.set(1, -(g.grad() * div(g.input(0), g.input(1), "trunc")));
  }
};

struct Reciprocal : Pointwise {
  static constexpr OpInfo info{.name = "reciprocal", .amp = Amp::full, .onnx = "Reciprocal"};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a) {
    return T{1} / a;
  }
  void gradient(Grad& g) const { g.set(0, -(g.grad() * g.output() * g.output())); }
};

// A number 0 as integer divisor is known at the user's line.
template <class S>
Tensor integer_safe(const Tensor& a, const Tensor& b, const char* op) {
  Tensor x = a, y = b;
  promote_operands(x, y);
  if (is_integral(x.dtype()) && pointwise::number_of(b) == 0.0) raise_value(op,
      ": an integer tensor is divided by the number 0");
  if (x.dtype() == DType::bool_) raise_type(op, ": two bool tensors cannot be divided; convert one of them first");
  return apply(S{}, x, y);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, div,
                  (const Tensor& input, const Tensor& other, std::optional<std::string> rounding_mode DEFAULT(std::nullopt)),
                  "The quotient input / other, element by element.\n\n"
                  "rounding_mode None divides truly (integers become floating point), 'trunc' rounds towards zero as C does, "
                  "'floor' downwards as Python's //. An integer divided by an integer zero in a tensor gives 0. Shapes "
                  "broadcast and types promote as in torch.") {
  if (!rounding_mode) return pointwise::floating_binary<Div>(input, other);
  if (*rounding_mode == "trunc") return integer_safe<TruncDiv>(input, other, "div");
  if (*rounding_mode == "floor") return integer_safe<FloorDiv>(input, other, "div");
  raise_value("div: rounding_mode must be None, 'trunc' or 'floor', but is '", *rounding_mode, "'");
}
DEEPSEEK_FACTS(div, .in = {"method"},
               .reference = "numpy.trunc(input / other).astype(numpy.result_type(input, other)) if rounding_mode == 'trunc' "
                            "else numpy.floor_divide(input, other) if rounding_mode == 'floor' else input / other",
               .good = {"randn(2, 3), rand(2, 3) + 0.5", "randn(2, 1, 3), rand(4, 1) + 0.5", "randn(2, 3), 1.5",
                        "ints(3, 4), ints(4, low=1)", "randn(0, 3), randn(3)",
                        "ints(3, 4), ints(4, low=1), rounding_mode='trunc'",
                        "ints(3, 4), ints(4, low=1), rounding_mode='floor'", "ints(5), 2"},
               .bad = {"randn(2, 3), randn(2)", "randn(2), randn(2), rounding_mode='up'", "ints(3), 0, rounding_mode='floor'"});

DEEPSEEK_FUNCTION(Tensor, true_divide, (const Tensor& input, const Tensor& other),
                  "The quotient input / other; the same as div.") {
  return div(input, other, std::nullopt);
}
DEEPSEEK_FACTS(true_divide, .in = {"method"}, .reference = "input / other", .good = {"randn(2, 3), rand(3) + 0.5"});

DEEPSEEK_FUNCTION(Tensor, floor_divide, (const Tensor& input, const Tensor& other),
                  "The quotient rounded down, as Python's //. Integers stay integers; shapes broadcast and types promote.") {
  return integer_safe<FloorDiv>(input, other, "floor_divide");
}
DEEPSEEK_FACTS(floor_divide, .in = {"method"}, .reference = "numpy.floor_divide(input, other)",
               .good = {"ints(3, 4), ints(4, low=1)", "ints(3, 4), -3"}, .bad = {"randn(2, 3), randn(2)", "ints(3), 0"});

DEEPSEEK_FUNCTION(Tensor, remainder, (const Tensor& input, const Tensor& other),
                  "What remains of the division rounded down: input - floor(input / other) * other, with the sign of other, as "
                  "Python's %. Shapes broadcast and types promote.") {
  return integer_safe<Remainder>(input, other, "remainder");
}
DEEPSEEK_FACTS(remainder, .in = {"method"}, .reference = "numpy.remainder(input, other)",
               .good = {"ints(3, 4), ints(4, low=1)", "ints(3, 4), -3", "randn(2, 3), 0.7"},
               .bad = {"randn(2, 3), randn(2)", "ints(3), 0"});

DEEPSEEK_FUNCTION(Tensor, fmod, (const Tensor& input, const Tensor& other),
                  "What remains of the division rounded towards zero, with the sign of input, as C's fmod. Shapes broadcast "
                  "and types promote.") {
  return integer_safe<Fmod>(input, other, "fmod");
}
DEEPSEEK_FACTS(fmod, .in = {"method"}, .reference = "numpy.fmod(input, other)",
               .good = {"ints(3, 4), ints(4, low=1)", "ints(3, 4), -3", "randn(2, 3), 0.7"},
               .bad = {"randn(2, 3), randn(2)", "ints(3), 0"});

DEEPSEEK_FUNCTION(Tensor, reciprocal, (const Tensor& input), "1 / input of each element; integers become floating point.") {
  return apply(Reciprocal{}, to_floating(input));
}
DEEPSEEK_FACTS(reciprocal, .in = {"method"}, .reference = "1 / input",
               .good = {"rand(2, 3) + 0.5", "ints(4, low=1)", "randn(0)"});

}  // namespace deepseek
