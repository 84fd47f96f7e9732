// Rounding: floor, ceil, trunc, round, frac. Integers are whole already.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Floor : Pointwise {
  static constexpr OpInfo info{.name = "floor", .onnx = "Floor", .tflite = "FLOOR"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::floor(x);
  }
  void gradient(Grad& g) const { pointwise::set_zero(g); }
};
struct Ceil : Pointwise {
  static constexpr OpInfo info{.name = "ceil", .onnx = "Ceil", .tflite = "CEIL"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::ceil(x);
  }
  void gradient(Grad& g) const { pointwise::set_zero(g); }
};
struct Trunc : Pointwise {
  static constexpr OpInfo info{.name = "trunc"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::trunc(x);
  }
  void gradient(Grad& g) const { pointwise::set_zero(g); }
};
struct Round : Pointwise {
  static constexpr OpInfo info{.name = "round", .onnx = "Round", .tflite = "ROUND"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return std::rint(x);
  }
  void gradient(Grad& g) const { pointwise::set_zero(g); }
};

template <class S>
Tensor whole(const Tensor& input) {
  if (input.dtype() == DType::bool_) raise_type(S::info.name, ": input is a bool tensor; convert it to a number first");
  return is_integral(input.dtype()) ? copy_of(input) : apply(S{}, input);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, floor, (const Tensor& input), "The largest integer not above each element. The gradient is 0.") {
  return whole<Floor>(input);
}
DEEPSEEK_FACTS(floor, .in = {"method"}, .reference = "numpy.floor(input)", .good = {"randn(2, 3)", "ints(4)", "randn(0)"},
               .bad = {"bools(2)"});

DEEPSEEK_FUNCTION(Tensor, ceil, (const Tensor& input), "The smallest integer not below each element. The gradient is 0.") {
  return whole<Ceil>(input);
}
DEEPSEEK_FACTS(ceil, .in = {"method"}, .reference = "numpy.ceil(input)", .good = {"randn(2, 3)", "ints(4)"},
               .bad = {"bools(2)"});

DEEPSEEK_FUNCTION(Tensor, trunc, (const Tensor& input), "Each element without its fraction, towards zero. The gradient is 0.") {
  return whole<Trunc>(input);
}
DEEPSEEK_FACTS(trunc, .in = {"method"}, .reference = "numpy.trunc(input)", .good = {"randn(2, 3)", "ints(4)"},
               .bad = {"bools(2)"});

DEEPSEEK_FUNCTION(Tensor, fix, (const Tensor& input), "Each element without its fraction, towards zero; the same as trunc.") {
  return whole<Trunc>(input);
}
DEEPSEEK_FACTS(fix, .in = {"method"}, .reference = "numpy.trunc(input)", .good = {"randn(2, 3)"}, .bad = {"bools(2)"});

DEEPSEEK_FUNCTION(Tensor, round, (const Tensor& input, int64_t decimals DEFAULT(0)),
                  "The nearest number with `decimals` decimal places, halves to even; negative decimals round to tens, "
                  "hundreds, ... The gradient is 0.") {
  if (decimals == 0 || !is_floating_point(input.dtype())) {
    ensure(decimals == 0, "round: decimals must be 0 for integer tensors, but is ", decimals);
    return whole<Round>(input);
  }
  ensure(decimals >= -300 && decimals <= 300, "round: decimals must be within 300 places, but is ", decimals);
  const double power = std::pow(10.0, static_cast<double>(decimals < 0 ? -decimals : decimals));
  return decimals > 0 ? whole<Round>(input * power) / power : whole<Round>(input / power) * power;
}
DEEPSEEK_FACTS(round, .in = {"method"}, .reference = "numpy.round(input, decimals)",
               .good = {"randn(2, 3)", "ints(4)", "randn(2, 3), 2", "randn(2, 3), -1"}, .bad = {"bools(2)", "ints(2), 1"});

DEEPSEEK_FUNCTION(Tensor, frac, (const Tensor& input), "The fraction of each element, with its sign: input - trunc(input).") {
  if (!is_floating_point(input.dtype())) raise_type("frac: input must be a floating tensor, but is ", name_of(input.dtype()));
  return sub(input, apply(Trunc{}, input));
}
DEEPSEEK_FACTS(frac, .in = {"method"}, .reference = "input - numpy.trunc(input)", .good = {"randn(2, 3)"}, .bad = {"ints(2)"});

}  // namespace deepseek
