// erf, erfc, erfinv, lgamma, digamma.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/log_gamma.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

constexpr double two_by_root_pi = 1.1283791670955126;

struct Erf : Pointwise {
  static constexpr OpInfo info{.name = "erf", .onnx = "Erf"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::erf(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (exp(-square(g.input())) * two_by_root_pi)); }
};
struct Erfc : Pointwise {
  static constexpr OpInfo info{.name = "erfc"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::erfc(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (exp(-square(g.input())) * -two_by_root_pi)); }
};
struct Erfinv : Pointwise {
  static constexpr OpInfo info{.name = "erfinv", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(inverse(static_cast<double>(x)));
  }
  // Giles' approximation ("Approximating the erfinv function", 2010), then two Newton steps on erfc of the tail.
  static double inverse(double x) {
    const double a = std::fabs(x);
    const double w = -fused::log((1.0 - a) * (1.0 + a));
    const double s = w - 2.5, t = std::sqrt(w) - 3.0;
    const double centre = fused::detail::polynomial(s, 2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06,
        0.00021858087,
                                                    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941);
    const double outer = fused::detail::polynomial(t, -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844,
        0.00573950773,
                                                   -0.0076224613, 0.00943887047, 1.00167406, 2.83297682);
    double y = (w < 5.0 ? centre : outer) * a;
    for (int i = 0; i < 2; ++i) {
      const double error = a > 0.5 ? (1.0 - a) - fused::erfc(y) : fused::erf(y) - a;
      y -= error / (two_by_root_pi * fused::exp(-y * y));
    }
    y = a == 1.0 ? std::numeric_limits<double>::infinity() : y;
    y = a > 1.0 ? std::numeric_limits<double>::quiet_NaN() : y;
    return x == 0.0 ? x : std::copysign(y, x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (exp(square(g.output())) * (1.0 / two_by_root_pi))); }
};

double digamma_of(double x) {
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), -x);
  double shift = 0;
  if (x < 0) {
    const double whole = std::floor(x);
    if (whole == x) return std::numeric_limits<double>::quiet_NaN();
    shift = -M_PI / std::tan(M_PI * (x - whole));  // reflection
    x = 1 - x;
  }
  for (; x < 10; x += 1) shift -= 1 / x;
  const double z = 1 / (x * x);
  const double series = z * fused::detail::polynomial(z, -1.0 / 12, 691.0 / 32760, -1.0 / 132, 1.0 / 240, -1.0 / 252, 1.0 / 120,
      -1.0 / 12);
  return shift + std::log(x) - 0.5 / x + series;
}

double trigamma_of(double x) {
  double sign = 1, sum = 0;
  if (x < 0.5) {
    const double s = std::sin(M_PI * x);
    sum -= (M_PI * M_PI) / (s * s);  // reflection
    sign = -1;
    x = 1 - x;
  }
  for (; x < 10; x += 1) sum += 1 / (x * x);
  const double z = 1 / (x * x);
  const double series = fused::detail::polynomial(z, 7.0 / 6, -691.0 / 2730, 5.0 / 66, -1.0 / 30, 1.0 / 42, -1.0 / 30, 1.0 / 6);
  return sign * (sum + 1 / x + 0.5 * z + series * z / x);
}

double tetragamma_of(double x) {
  double sum = 0;
  if (x < 0.5) {
    const double s = std::sin(M_PI * x);
    sum -= 2 * M_PI * M_PI * M_PI * std::cos(M_PI * x) / (s * s * s);  // reflection
    x = 1 - x;
  }
  for (; x < 10; x += 1) sum -= 2 / (x * x * x);
  const double z = 1 / (x * x);
  const double series = fused::detail::polynomial(z, 691.0 / 210, -5.0 / 6, 3.0 / 10, -1.0 / 6, 1.0 / 6, -0.5, -1.0);
  return sum + z * (series - 1 / x);
}

struct Tetragamma : Pointwise {
  static constexpr OpInfo info{.name = "tetragamma"};
  static constexpr NotDifferentiable gradient{"digamma has two derivatives here; for a third take finite differences of the second in float64"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(tetragamma_of(static_cast<double>(x)));
  }
};
struct Trigamma : Pointwise {
  static constexpr OpInfo info{.name = "trigamma"};
  static constexpr Saves saves = Saves::inputs;
  void gradient(Grad& g) const { g.set(0, g.grad() * apply(Tetragamma{}, g.input())); }
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(trigamma_of(static_cast<double>(x)));
  }
};
struct Digamma : Pointwise {
  static constexpr OpInfo info{.name = "digamma"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return static_cast<T>(digamma_of(static_cast<double>(x)));
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * apply(Trigamma{}, g.input())); }
};
struct Lgamma : Pointwise {
  static constexpr OpInfo info{.name = "lgamma"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return pointwise::log_gamma(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * digamma(g.input())); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, erf, (const Tensor& input),
                  "The error function 2/sqrt(pi) * integral of exp(-t^2) from 0 to each element.") {
  return apply(Erf{}, to_floating(input));
}
DEEPSEEK_FACTS(erf, .in = {"method", "special"}, .reference = "scipy.special.erf(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, erfc, (const Tensor& input),
                  "1 - erf(input) of each element, without loss of digits for large elements.") {
  return apply(Erfc{}, to_floating(input));
}
DEEPSEEK_FACTS(erfc, .in = {"method", "special"}, .reference = "scipy.special.erfc(input)",
               .good = {"randn(2, 3)", "randn()", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, erfinv, (const Tensor& input), "The inverse of erf: infinite at -1 and 1, NaN outside.") {
  return apply(Erfinv{}, to_floating(input));
}
DEEPSEEK_FACTS(erfinv, .in = {"method", "special"}, .reference = "scipy.special.erfinv(input)",
               .good = {"rand(2, 3) * 1.8 - 0.9", "ints(4, low=-1, high=2)"});

DEEPSEEK_FUNCTION(Tensor, lgamma, (const Tensor& input),
                  "The logarithm of the magnitude of the gamma function at each element.") {
  return apply(Lgamma{}, to_floating(input));
}
DEEPSEEK_FACTS(lgamma, .in = {"method"}, .reference = "scipy.special.gammaln(input)",
               .good = {"rand(2, 3) * 5 + 0.5", "ints(4, low=1)"});

DEEPSEEK_FUNCTION(Tensor, digamma, (const Tensor& input), "The derivative of lgamma at each element.") {
  return apply(Digamma{}, to_floating(input));
}
DEEPSEEK_FACTS(digamma, .in = {"method", "special"}, .reference = "scipy.special.digamma(input)",
               .good = {"rand(2, 3) * 5 + 0.5", "rand(3) - 2.5", "ints(4, low=1)"});

}  // namespace deepseek
