// Functions of the normal distribution and of entropy: ndtr, log_ndtr, ndtri, erfcx, entr, xlog1py.
#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

constexpr double root_pi = 1.7724538509055160, root_2 = 1.4142135623730951, root_2pi = 2.5066282746310005;

// exp(x^2) erfc(x): where the factors would lose digits or overflow by Laplace's continued fraction.
double scaled_erfc(double x) {
  if (x < 5) return std::exp(x * x) * std::erfc(x);
  double tail = x;
  for (int k = 60; k > 0; --k) tail = x + k / 2.0 / tail;
  return 1 / (root_pi * tail);
}

double log_cdf(double x) {
  if (x < -1) return std::log(scaled_erfc(-x / root_2) / 2) - x * x / 2;
  return std::log1p(-std::erfc(x / root_2) / 2);
}

// Acklam's rational approximation (2003), then two of Halley's steps. For p at most 1/2.
double lower_quantile(double p) {
  using fused::detail::polynomial;
  double x;
  if (p < 0.02425) {
    const double q = std::sqrt(-2 * std::log(p));
    x = polynomial(q, -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00,
                   2.938163982698783e+00) /
        polynomial(q, 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1.0);
  } else {
    const double q = p - 0.5, r = q * q;
    x = q *
        polynomial(r, -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01,
                   2.506628277459239e+00) /
        polynomial(r, -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01, 1.0);
  }
  for (int i = 0; i < 2; ++i) {
    const double error = (std::erfc(-x / root_2) / 2 - p) * root_2pi * std::exp(x * x / 2);
    x -= error / (1 + x * error / 2);
  }
  return x;
}

double quantile_of(double p) {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return p == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return p <= 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

struct LogNdtr : Pointwise {
  static constexpr OpInfo info{.name = "log_ndtr", .amp = Amp::full};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(log_cdf(static_cast<double>(x)));
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * exp(square(g.input()) * -0.5 - g.output()) * (1 / root_2pi)); }
};

struct Ndtri : Pointwise {
  static constexpr OpInfo info{.name = "ndtri", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T p) {
    return static_cast<T>(quantile_of(static_cast<double>(p)));
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * exp(square(g.output()) * 0.5) * root_2pi); }
};

struct Erfcx : Pointwise {
  static constexpr OpInfo info{.name = "erfcx", .amp = Amp::full};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(scaled_erfc(static_cast<double>(x)));
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (g.input() * g.output() * 2.0 - 2 / root_pi)); }
};

struct Entr : Pointwise {
  static constexpr OpInfo info{.name = "entr", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    if (x > T{0}) return -x * fused::log(x);
    return x == T{0} ? T{0} : x != x ? x : -std::numeric_limits<T>::infinity();
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (-log(g.input()) - 1.0)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, ndtr, (const Tensor& input),
                  "The chance that a standard normal number is at most each element: (1 + erf(x / sqrt(2))) / 2.") {
  return erfc(to_floating(input) * (-1 / root_2)) * 0.5;
}
DEEPSEEK_FACTS(ndtr, .in = {"special", "hidden"}, .reference = "scipy.special.ndtr(input)", .good = {"randn(2, 3) * 3", "ints(3, low=-2)"});

DEEPSEEK_FUNCTION(Tensor, log_ndtr, (const Tensor& input), "The logarithm of `ndtr`, without loss of digits for negative elements.") {
  return apply(LogNdtr{}, to_floating(input));
}
DEEPSEEK_FACTS(log_ndtr, .in = {"special", "hidden"}, .reference = "scipy.special.log_ndtr(input)",
               .good = {"randn(2, 3) * 3", "randn(4) * 3 - 20", "ints(3, low=-2)"});

DEEPSEEK_FUNCTION(Tensor, ndtri, (const Tensor& input), "The inverse of `ndtr`: infinite at 0 and 1, NaN outside [0, 1].") {
  return apply(Ndtri{}, to_floating(input));
}
DEEPSEEK_FACTS(ndtri, .in = {"special", "hidden"}, .reference = "scipy.special.ndtri(input)",
               .good = {"rand(2, 3)", "rand(5) * 0.01 + 0.01", "ints(4, low=-1, high=3)"}, .tolerance = 1e-10);

DEEPSEEK_FUNCTION(Tensor, erfcx, (const Tensor& input), "exp(x^2) erfc(x) of each element, without underflow for large ones.") {
  return apply(Erfcx{}, to_floating(input));
}
DEEPSEEK_FACTS(erfcx, .in = {"special", "hidden"}, .reference = "scipy.special.erfcx(input)",
               .good = {"randn(2, 3)", "rand(4) * 40", "ints(3, low=-2)"});

DEEPSEEK_FUNCTION(Tensor, entr, (const Tensor& input), "-x log(x) of each element: 0 at 0, -infinity below.") {
  return apply(Entr{}, to_floating(input));
}
DEEPSEEK_FACTS(entr, .in = {"special", "hidden"}, .reference = "scipy.special.entr(input)", .good = {"rand(2, 3) + 0.1", "ints(4, low=-2)"});

DEEPSEEK_FUNCTION(Tensor, xlog1py, (const Tensor& input, const Tensor& other),
                  "input * log1p(other), 0 where input is 0 (NaN where other is NaN). Shapes broadcast.") {
  Tensor x = input, y = other;
  promote_operands(x, y);
  x = to_floating(x), y = to_floating(y);
  const Tensor product = x * log1p(y), zero = pointwise::scalar_like(x, 0);
  return where(logical_and(eq(x, zero), logical_not(isnan(y))), zero * x, product);
}
DEEPSEEK_FACTS(xlog1py, .in = {"special", "hidden"}, .reference = "scipy.special.xlog1py(input, other)",
               .good = {"randn(3), rand(3)", "ints(3, high=2), rand(3)", "randn(2, 1), rand(3)"}, .bad = {"randn(3), randn(2)"});

}  // namespace deepseek
