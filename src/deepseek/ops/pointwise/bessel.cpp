// Bessel functions of orders 0 and 1.
#include "deepseek/ops/pointwise/bessel.h"

#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// exp(-|x|) I_n(x): by its series of positive terms, beyond 30 by the asymptotic one (DLMF 10.25.2 and 10.40.1).
double scaled_i(int order, double x) {
  const double a = std::fabs(x), sign = order == 1 && x < 0 ? -1 : 1;
  if (a != a) return x;
  if (a <= 30) {
    double term = order == 0 ? 1 : a / 2, sum = term;
    for (int k = 1; term > sum * 1e-17; ++k) sum += term *= (a / 2) * (a / 2) / (static_cast<double>(k) * (k + order));
    return sign * sum * std::exp(-a);
  }
  if (std::isinf(a)) return 0;
  double term = 1, sum = 1;
  for (int k = 1; k < 30; ++k) {
    const double next = term * -(4.0 * order * order - (2.0 * k - 1) * (2.0 * k - 1)) / (8.0 * a * k);
    if (std::fabs(next) >= std::fabs(term)) break;
    sum += term = next;
  }
  return sign * sum / std::sqrt(2 * M_PI * a);
}

// exp(x) K_n(x) = integral of exp(-x (cosh t - 1)) cosh(n t) from 0 (DLMF 10.32.9): the trapezoidal rule converges faster than any
// power of its step.
double scaled_k(int order, double x) {
  if (!(x > 0)) return x == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(x)) return 0;
  const double step = std::min(0.1, 0.25 / std::sqrt(x));
  double sum = 0.5;
  for (int i = 1;; ++i) {
    const double t = i * step, rise = 2 * std::sinh(t / 2) * std::sinh(t / 2), value = std::exp(-x * rise) * (order == 0 ? 1 : std::cosh(t));
    sum += value;
    if (x * rise > 1 && value < sum * 1e-18) return sum * step;
  }
}

enum class Family { i, i_scaled, j, y, k, k_scaled };

template <Family family, int order>
double value_at(double x) {
  if constexpr (family == Family::i) return pointwise::modified_bessel_i(order, x);
  else if constexpr (family == Family::i_scaled) return scaled_i(order, x);
  else if constexpr (family == Family::j) return order == 0 ? ::j0(x) : ::j1(x);
  else if constexpr (family == Family::y) return x < 0 ? std::numeric_limits<double>::quiet_NaN() : order == 0 ? ::y0(x) : ::y1(x);
  else if constexpr (family == Family::k) return scaled_k(order, x) * std::exp(-x);
  else return scaled_k(order, x);
}

template <Family family, int order>
constexpr const char* name_at() {
  constexpr const char* names[6][2] = {{"i0", "i1"}, {"i0e", "i1e"}, {"bessel_j0", "bessel_j1"}, {"bessel_y0", "bessel_y1"},
                                       {"modified_bessel_k0", "modified_bessel_k1"}, {"scaled_modified_bessel_k0", "scaled_modified_bessel_k1"}};
  return names[static_cast<int>(family)][order];
}

template <Family family, int order>
struct Bessel : Pointwise {
  static constexpr OpInfo info{.name = name_at<family, order>(), .amp = Amp::full};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(value_at<family, order>(static_cast<double>(x)));
  }
  // DLMF 10.6.3 and 10.29.3; an order of 1 through that of 0, whose limit at 0 is a half.
  void gradient(Grad& g) const {
    const Tensor x = g.input(), y = g.output(), other = apply(Bessel<family, 1 - order>{}, x);
    constexpr bool scaled = family == Family::i_scaled || family == Family::k_scaled;
    constexpr bool falls = family == Family::j || family == Family::y || family == Family::k || family == Family::k_scaled;
    Tensor slope;
    if constexpr (order == 0) {
      slope = falls ? -other : other;
    } else {
      const Tensor zero = filled_like(x, 0), none = eq(x, zero);
      const Tensor ratio = where(none, filled_like(x, 0.5), y / where(none, filled_like(x, 1), x));
      slope = (family == Family::k || family == Family::k_scaled ? -other : other) - ratio;
    }
    if constexpr (scaled) slope = family == Family::k_scaled ? slope + y : slope - sign(x) * y;
    g.set(0, g.grad() * slope);
  }
};

template <Family family, int order>
Tensor bessel(const Tensor& input) {
  return apply(Bessel<family, order>{}, to_floating(input));
}

}  // namespace

double pointwise::modified_bessel_i(int order, double x) {
  const double scaled = scaled_i(order, x);
  return scaled == 0 && std::isinf(x) ? (order == 1 ? x : std::fabs(x)) : scaled * std::exp(std::fabs(x) / 2) * std::exp(std::fabs(x) / 2);
}

DEEPSEEK_FUNCTION(Tensor, i0, (const Tensor& input), "The modified Bessel function of the first kind of order 0 at each element.") {
  return bessel<Family::i, 0>(input);
}
DEEPSEEK_FACTS(i0, .in = {"method", "special"}, .reference = "scipy.special.i0(input)", .good = {"randn(2, 3)", "randn(4) * 20", "ints(3, low=-4)"});

DEEPSEEK_FUNCTION(Tensor, i0e, (const Tensor& input), "exp(-|x|) i0(x) of each element, without overflow.") { return bessel<Family::i_scaled, 0>(input); }
DEEPSEEK_FACTS(i0e, .in = {"special", "hidden"}, .reference = "scipy.special.i0e(input)", .good = {"randn(2, 3)", "randn(4) * 50"});

DEEPSEEK_FUNCTION(Tensor, i1, (const Tensor& input), "The modified Bessel function of the first kind of order 1 at each element.") {
  return bessel<Family::i, 1>(input);
}
DEEPSEEK_FACTS(i1, .in = {"special", "hidden"}, .reference = "scipy.special.i1(input)", .good = {"randn(2, 3)", "randn(4) * 20", "ints(3, low=-4)"});

DEEPSEEK_FUNCTION(Tensor, i1e, (const Tensor& input), "exp(-|x|) i1(x) of each element, without overflow.") { return bessel<Family::i_scaled, 1>(input); }
DEEPSEEK_FACTS(i1e, .in = {"special", "hidden"}, .reference = "scipy.special.i1e(input)", .good = {"randn(2, 3)", "randn(4) * 50"});

DEEPSEEK_FUNCTION(Tensor, bessel_j0, (const Tensor& input), "The Bessel function of the first kind of order 0 at each element.") { return bessel<Family::j, 0>(input); }
DEEPSEEK_FACTS(bessel_j0, .in = {"special", "hidden"}, .reference = "scipy.special.j0(input)", .good = {"randn(2, 3) * 5"});

DEEPSEEK_FUNCTION(Tensor, bessel_j1, (const Tensor& input), "The Bessel function of the first kind of order 1 at each element.") { return bessel<Family::j, 1>(input); }
DEEPSEEK_FACTS(bessel_j1, .in = {"special", "hidden"}, .reference = "scipy.special.j1(input)", .good = {"randn(2, 3) * 5"});

DEEPSEEK_FUNCTION(Tensor, bessel_y0, (const Tensor& input), "The Bessel function of the second kind of order 0 at each element; NaN below 0.") {
  return bessel<Family::y, 0>(input);
}
DEEPSEEK_FACTS(bessel_y0, .in = {"special", "hidden"}, .reference = "scipy.special.y0(input)", .good = {"rand(2, 3) * 9 + 0.3"});

DEEPSEEK_FUNCTION(Tensor, bessel_y1, (const Tensor& input), "The Bessel function of the second kind of order 1 at each element; NaN below 0.") {
  return bessel<Family::y, 1>(input);
}
DEEPSEEK_FACTS(bessel_y1, .in = {"special", "hidden"}, .reference = "scipy.special.y1(input)", .good = {"rand(2, 3) * 9 + 0.3"});

DEEPSEEK_FUNCTION(Tensor, modified_bessel_i0, (const Tensor& input), "The modified Bessel function of the first kind of order 0; the same as i0.") {
  return i0(input);
}
DEEPSEEK_FACTS(modified_bessel_i0, .in = {"special", "hidden"}, .reference = "scipy.special.i0(input)", .good = {"randn(2, 3)"});

DEEPSEEK_FUNCTION(Tensor, modified_bessel_i1, (const Tensor& input), "The modified Bessel function of the first kind of order 1; the same as i1.") {
  return i1(input);
}
DEEPSEEK_FACTS(modified_bessel_i1, .in = {"special", "hidden"}, .reference = "scipy.special.i1(input)", .good = {"randn(2, 3)"});

DEEPSEEK_FUNCTION(Tensor, modified_bessel_k0, (const Tensor& input), "The modified Bessel function of the second kind of order 0; NaN below 0.") {
  return bessel<Family::k, 0>(input);
}
DEEPSEEK_FACTS(modified_bessel_k0, .in = {"special", "hidden"}, .reference = "scipy.special.k0(input)", .good = {"rand(2, 3) * 9 + 0.1"});

DEEPSEEK_FUNCTION(Tensor, modified_bessel_k1, (const Tensor& input), "The modified Bessel function of the second kind of order 1; NaN below 0.") {
  return bessel<Family::k, 1>(input);
}
DEEPSEEK_FACTS(modified_bessel_k1, .in = {"special", "hidden"}, .reference = "scipy.special.k1(input)", .good = {"rand(2, 3) * 9 + 0.1"});

DEEPSEEK_FUNCTION(Tensor, scaled_modified_bessel_k0, (const Tensor& input), "exp(x) modified_bessel_k0(x) of each element.") {
  return bessel<Family::k_scaled, 0>(input);
}
DEEPSEEK_FACTS(scaled_modified_bessel_k0, .in = {"special", "hidden"}, .reference = "scipy.special.k0e(input)", .good = {"rand(2, 3) * 9 + 0.1", "rand(3) * 1000 + 1"});

DEEPSEEK_FUNCTION(Tensor, scaled_modified_bessel_k1, (const Tensor& input), "exp(x) modified_bessel_k1(x) of each element.") {
  return bessel<Family::k_scaled, 1>(input);
}
DEEPSEEK_FACTS(scaled_modified_bessel_k1, .in = {"special", "hidden"}, .reference = "scipy.special.k1e(input)", .good = {"rand(2, 3) * 9 + 0.1", "rand(3) * 1000 + 1"});

DEEPSEEK_FUNCTION(Tensor, spherical_bessel_j0, (const Tensor& input), "sin(x) / x of each element, 1 at 0.") { return sinc(to_floating(input) * (1 / M_PI)); }
DEEPSEEK_FACTS(spherical_bessel_j0, .in = {"special", "hidden"}, .reference = "scipy.special.spherical_jn(0, input)", .good = {"randn(2, 3)", "ints(2, high=1)"});

}  // namespace deepseek
