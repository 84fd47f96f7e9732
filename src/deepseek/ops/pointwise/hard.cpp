// Piecewise activations: hardswish, hardsigmoid, threshold, hardshrink, softshrink, tanhshrink.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/curve.h"

namespace deepseek {
namespace {

struct Hardsigmoid {
  static constexpr OpInfo info{.name = "hardsigmoid", .onnx = "HardSigmoid"};
  static constexpr std::string_view slope_name = "hardsigmoid_backward", bend_name = "hardsigmoid_bend";
  template <class T>
  static T value(T x) {
    T y = x + T{3};
    y = y < T{0} ? T{0} : y;
    y = y > T{6} ? T{6} : y;
    return y / T{6};
  }
  template <class T>
  static T slope(T x) {
    return ((x > T{-3}) & (x < T{3})) ? T(1.0 / 6) : T{0};
  }
  template <class T>
  static T bend(T) {
    return T{0};
  }
};

struct Hardswish {
  static constexpr OpInfo info{.name = "hardswish", .onnx = "HardSwish", .tflite = "HARD_SWISH"};
  static constexpr std::string_view slope_name = "hardswish_backward", bend_name = "hardswish_bend";
  template <class T>
  static T value(T x) {
    return x == -std::numeric_limits<T>::infinity() ? -T{0} : x * Hardsigmoid::value(x);
  }
  template <class T>
  static T slope(T x) {
    const T inner = x / T{3} + T(0.5);
    return x < T{-3} ? T{0} : x > T{3} ? T{1} : inner;
  }
  template <class T>
  static T bend(T x) {
    return ((x > T{-3}) & (x < T{3})) ? T(1.0 / 3) : T{0};
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, hardsigmoid, (const Tensor& input), "min(max(input + 3, 0), 6) / 6.") {
  return pointwise::curve<Hardsigmoid>(input);
}
DEEPSEEK_FACTS(hardsigmoid, .in = {"functional"}, .reference = "numpy.clip(input + 3, 0, 6) / 6", .good = {"randn(2, 3) * 3"},
               .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, hardswish, (const Tensor& input), "input * min(max(input + 3, 0), 6) / 6.") {
  return pointwise::curve<Hardswish>(input);
}
DEEPSEEK_FACTS(hardswish, .in = {"functional"}, .reference = "input * numpy.clip(input + 3, 0, 6) / 6",
               .good = {"randn(2, 3) * 3"},
               .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, threshold, (const Tensor& input, double threshold, double value),
                  "input where it is above threshold, else value.") {
  return where(le(input, threshold), pointwise::scalar_like(input, value), input);
}
DEEPSEEK_FACTS(threshold, .in = {"functional"}, .reference = "numpy.where(input > threshold, input, value)",
               .good = {"randn(2, 3), 0.1, 20.0", "ints(4), 2, 7"});

DEEPSEEK_FUNCTION(Tensor, hardshrink, (const Tensor& input, double lambd DEFAULT(0.5)),
                  "input where |input| > lambd, else 0.") {
  return where(le(abs(input), lambd), pointwise::scalar_like(input, 0), input);
}
DEEPSEEK_FACTS(hardshrink, .in = {"functional"}, .reference = "numpy.where(numpy.abs(input) > lambd, input, 0)",
               .good = {"randn(2, 3)", "randn(2, 3), 0.2"});

DEEPSEEK_FUNCTION(Tensor, softshrink, (const Tensor& input, double lambd DEFAULT(0.5)),
                  "input moved towards 0 by lambd, and 0 where |input| <= lambd.") {
  ensure(lambd >= 0, "softshrink: lambd must not be negative, but is ", lambd);
  return input - clamp(input, -lambd, lambd);
}
DEEPSEEK_FACTS(softshrink, .in = {"functional"}, .reference = "numpy.sign(input) * numpy.maximum(numpy.abs(input) - lambd, 0)",
               .good = {"randn(2, 3)", "randn(2, 3), 0.2"}, .bad = {"randn(2), -1.0"});

DEEPSEEK_FUNCTION(Tensor, tanhshrink, (const Tensor& input), "input - tanh(input).") { return input - tanh(input); }
DEEPSEEK_FACTS(tanhshrink, .in = {"functional"}, .reference = "input - numpy.tanh(input)", .good = {"randn(2, 3)"});

}  // namespace deepseek
