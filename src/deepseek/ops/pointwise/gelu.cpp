// gelu, exact and by tanh.
#include <cmath>

#include "deepseek/backends/cpu/fused/math/normal.h"
#include "deepseek/ops/pointwise/curve.h"

namespace deepseek {
namespace {

constexpr double root_half = 0.70710678118654752;
constexpr double density_at_zero = 0.39894228040143268;

// The normal distribution function without the cancellation of 1 + erf below zero.
template <class T>
DEEPSEEK_INLINE T normal_cdf(T x) {
  if constexpr (sizeof(T) == 8) {
    return 0.5 * fused::erfc(-x * root_half);
  } else {
    return fused::normal(x).cdf;
  }
}
template <class T>
DEEPSEEK_INLINE T normal_density(T x) {
  return T(density_at_zero) * fused::exp(T(-0.5) * x * x);
}

struct Gelu {
  static constexpr OpInfo info{.name = "gelu", .tflite = "GELU"};
  static constexpr std::string_view slope_name = "gelu_backward", bend_name = "gelu_bend";
  template <class T>
  static T value(T x) {
    return x == -std::numeric_limits<T>::infinity() ? -T{0} : x * normal_cdf(x);
  }
  template <class T>
  static T slope(T x) {
    if constexpr (sizeof(T) == 4) {
      const fused::Normal n = fused::normal(x);
      return n.cdf + x * (T(density_at_zero) * n.bell);
    } else {
      return normal_cdf(x) + x * normal_density(x);
    }
  }
  template <class T>
  static T bend(T x) {
    return normal_density(x) * (T{2} - x * x);
  }
};

// 0.5 x (1 + tanh u) = x sigmoid(2 u) with 2 u = c x (1 + 0.044715 x^2).
struct GeluTanh {
  static constexpr OpInfo info{.name = "gelu_tanh", .tflite = "GELU"};
  static constexpr std::string_view slope_name = "gelu_tanh_backward", bend_name = "gelu_tanh_bend";
  static constexpr double c = 1.5957691216057308, k = 0.044715;
  template <class T>
  static T weight(T x) {
    return fused::sigmoid(T(c) * x * (T{1} + T(k) * x * x));
  }
  template <class T>
  static T value(T x) {
    return x == -std::numeric_limits<T>::infinity() ? -T{0} : x * weight(x);
  }
  template <class T>
  static T slope(T x) {
    const T s = weight(x);
    return s + x * (s * (T{1} - s)) * (T(c) * (T{1} + T(3 * k) * x * x));
  }
  template <class T>
  static T bend(T x) {
    const T s = weight(x), d = s * (T{1} - s);
    const T u1 = T(c) * (T{1} + T(3 * k) * x * x), u2 = T(6 * c * k) * x;
    return d * (T{2} * u1 + x * ((T{1} - T{2} * s) * u1 * u1 + u2));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, gelu, (const Tensor& input, std::string approximate DEFAULT("none")),
                  "input * P(X <= input) for a standard normal X.\n\n"
                  "approximate='tanh' computes 0.5 * input * (1 + tanh(sqrt(2/pi) * (input + 0.044715 * input ** 3))) "
                  "instead.") {
  if (approximate == "none") return pointwise::curve<Gelu>(input);
  ensure(approximate == "tanh", "gelu: approximate must be 'none' or 'tanh', but is '", approximate, "'");
  return pointwise::curve<GeluTanh>(input);
}
DEEPSEEK_FACTS(gelu, .in = {"functional"},
               .reference = "input * scipy.special.ndtr(input) if approximate == 'none' else 0.5 * input * (1 + "
                            "numpy.tanh(numpy.sqrt(2 / numpy.pi) * (input + 0.044715 * input ** 3)))",
               .good = {"randn(2, 3)", "randn(2, 3), 'tanh'", "randn()", "randn(0)", "randn(3) * 3"},
                        .bad = {"randn(2), 'exact'", "ints(3)"});

}  // namespace deepseek
