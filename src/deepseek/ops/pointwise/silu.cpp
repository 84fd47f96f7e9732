// silu, mish, logsigmoid, softsign.
#include <cmath>

#include "deepseek/ops/pointwise/curve.h"

namespace deepseek {
namespace {

struct Silu {
  static constexpr OpInfo info{.name = "silu"};
  static constexpr std::string_view slope_name = "silu_backward", bend_name = "silu_bend";
  template <class T>
  static T value(T x) {
    return x == -std::numeric_limits<T>::infinity() ? -T{0} : x * fused::sigmoid(x);
  }
  template <class T>
  static T slope(T x) {
    const T s = fused::sigmoid(x);
    return s * (T{1} + x * (T{1} - s));
  }
  template <class T>
  static T bend(T x) {
    const T s = fused::sigmoid(x);
    return s * (T{1} - s) * (T{2} + x * (T{1} - T{2} * s));
  }
};

// x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2).
struct Mish {
  static constexpr OpInfo info{.name = "mish"};
  static constexpr std::string_view slope_name = "mish_backward", bend_name = "mish_bend";
  template <class T>
  static T ratio(T x) {
    const T e = fused::exp(x > T(20) ? T(20) : x);  // beyond, the ratio is 1 to the last bit
    const T n = e * (e + T{2});
    return n / (n + T{2});
  }
  template <class T>
  static T value(T x) {
    return x == -std::numeric_limits<T>::infinity() ? -T{0} : x * ratio(x);
  }
  template <class T>
  static T slope(T x) {
    const T t = ratio(x);
    return t + x * (T{1} - t) * (T{1} + t) * fused::sigmoid(x);
  }
  template <class T>
  static T bend(T x) {
    const T t = ratio(x), s = fused::sigmoid(x);
    return (T{1} - t) * (T{1} + t) * s * (T{2} + x * (T{1} - s - T{2} * t * s));
  }
};

struct Logsigmoid {
  static constexpr OpInfo info{.name = "logsigmoid"};
  static constexpr std::string_view slope_name = "logsigmoid_backward", bend_name = "logsigmoid_bend";
  template <class T>
  static T value(T x) {
    return (x < T{0} ? x : T{0}) - fused::log1p(fused::exp(-std::fabs(x)));
  }
  template <class T>
  static T slope(T x) {
    return fused::sigmoid(-x);
  }
  template <class T>
  static T bend(T x) {
    return -fused::sigmoid(x) * fused::sigmoid(-x);
  }
};

struct Softsign {
  static constexpr OpInfo info{.name = "softsign", .onnx = "Softsign"};
  static constexpr std::string_view slope_name = "softsign_backward", bend_name = "softsign_bend";
  template <class T>
  static T value(T x) {
    return x / (T{1} + std::fabs(x));
  }
  template <class T>
  static T slope(T x) {
    const T d = T{1} / (T{1} + std::fabs(x));
    return d * d;
  }
  template <class T>
  static T bend(T x) {
    const T d = T{1} / (T{1} + std::fabs(x));
    return std::copysign(T{-2} * d * d * d, -x);
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, silu, (const Tensor& input),
                  "input * sigmoid(input), also called swish.") {
  return pointwise::curve<Silu>(input);
}
DEEPSEEK_FACTS(silu, .in = {"functional"}, .reference = "input * scipy.special.expit(input)",
               .good = {"randn(2, 3)", "randn()", "randn(0)"},
               .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, mish, (const Tensor& input),
                  "input * tanh(log(1 + exp(input))).") {
  return pointwise::curve<Mish>(input);
}
DEEPSEEK_FACTS(mish, .in = {"functional"}, .reference = "input * numpy.tanh(numpy.log1p(numpy.exp(input)))",
               .good = {"randn(2, 3)", "randn(3) * 10"}, .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, logsigmoid, (const Tensor& input), "log(sigmoid(input)) without overflow.") {
  return pointwise::curve<Logsigmoid>(input);
}
DEEPSEEK_FACTS(logsigmoid, .in = {"functional"}, .reference = "-numpy.logaddexp(0, -input)",
               .good = {"randn(2, 3)", "randn(3) * 30"},
               .bad = {"ints(3)"});

DEEPSEEK_FUNCTION(Tensor, softsign, (const Tensor& input),
                  "input / (1 + |input|).") {
  return pointwise::curve<Softsign>(to_floating(input));
}
DEEPSEEK_FACTS(softsign, .in = {"functional"}, .reference = "input / (1 + numpy.abs(input))",
               .good = {"randn(2, 3)", "randn()", "ints(3, low=-3)"});

}  // namespace deepseek
