// Relatives of the gamma function: igamma, igammac, zeta, polygamma, mvlgamma.
#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/log_gamma.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// The lower (or upper) regularised incomplete gamma function: the series of DLMF 8.11.4 below a + 1, the continued fraction of
// 8.9.2 by Lentz's method above.
double incomplete(double a, double x, bool upper) {
  if (a != a || x != x || a < 0 || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0) return x > 0 ? (upper ? 0 : 1) : std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return upper ? 1 : 0;
  if (std::isinf(a)) return std::isinf(x) ? std::numeric_limits<double>::quiet_NaN() : upper ? 1 : 0;
  if (std::isinf(x)) return upper ? 0 : 1;
  const double front = std::exp(a * std::log(x) - x - pointwise::log_gamma(a));
  constexpr int most = 100000;
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (int n = 1; n < most && term > sum * 1e-17; ++n) sum += term *= x / (a + n);
    return upper ? 1 - front * sum : front * sum;
  }
  constexpr double least = 1e-300;
  double b = x + 1 - a, c = 1 / least, d = 1 / b, h = d;
  for (int i = 1; i < most; ++i) {
    const double factor = -i * (i - a);
    b += 2;
    d = factor * d + b;
    d = 1 / (std::fabs(d) < least ? least : d);
    c = b + factor / c;
    c = std::fabs(c) < least ? least : c;
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-16) break;
  }
  return upper ? front * h : 1 - front * h;
}

// Hurwitz' zeta function by the Euler-Maclaurin formula (DLMF 25.11.5).
double hurwitz(double x, double q) {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  if (x == 1) return inf;
  if (!(x > 1) || q != q) return nan;
  if (q <= 0) {
    if (q == std::floor(q)) return inf;
    if (x != std::floor(x)) return nan;
  }
  double sum = 0;
  for (; q < 12; q += 1) sum += std::pow(q, -x);
  const double power = std::pow(q, -x);
  sum += q * power / (x - 1) + power / 2;
  constexpr double bernoulli[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};
  double rising = x, factorial = 2, scale = power / q;
  for (int k = 1; k <= 10; ++k) {
    const double term = bernoulli[k - 1] / factorial * rising * scale;
    sum += term;
    if (std::fabs(term) < std::fabs(sum) * 1e-17) break;
    rising *= (x + 2 * k - 1) * (x + 2 * k);
    factorial *= (2.0 * k + 1) * (2.0 * k + 2);
    scale /= q * q;
  }
  return sum;
}

template <bool upper>
struct Igamma : Pointwise {
  static constexpr OpInfo info{.name = upper ? "igammac" : "igamma", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a, T x) {
    return static_cast<T>(incomplete(static_cast<double>(a), static_cast<double>(x), upper));
  }
  void gradient(Grad& g) const {
    const Tensor a = g.input(0), x = g.input(1);
    ensure(!g.needs(0), info.name, ": there is no derivative by the order, the first operand");
    const Tensor density = exp(xlogy(a - 1.0, x) - x - lgamma(a));
    g.set(1, g.grad() * (upper ? -density : density));
  }
};

struct Zeta : Pointwise {
  static constexpr OpInfo info{.name = "zeta", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T q) {
    return static_cast<T>(hurwitz(static_cast<double>(x), static_cast<double>(q)));
  }
  void gradient(Grad& g) const {
    ensure(!g.needs(0), "zeta: there is no derivative by the exponent, the first operand");
    g.set(1, -g.grad() * g.input(0) * zeta(g.input(0) + 1.0, g.input(1)));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, igamma, (const Tensor& input, const Tensor& other),
                  "The regularised lower incomplete gamma function P(input, other); NaN for negative operands. Shapes broadcast. "
                  "Differentiable by `other`.") {
  return pointwise::floating_binary<Igamma<false>>(input, other);
}
DEEPSEEK_FACTS(igamma, .in = {"method"}, .reference = "scipy.special.gammainc(input, other)",
               .good = {"rand(3) * 5 + 0.1, rand(3) * 5 + 0.1", "rand(2, 1) * 100 + 1, rand(3) * 100"}, .bad = {"randn(3), randn(2)"}, .check_grad = false,
               .tolerance = 1e-9);

DEEPSEEK_FUNCTION(Tensor, igammac, (const Tensor& input, const Tensor& other),
                  "The regularised upper incomplete gamma function Q(input, other) = 1 - igamma(input, other), without loss of digits "
                  "where it is small. Shapes broadcast. Differentiable by `other`.") {
  return pointwise::floating_binary<Igamma<true>>(input, other);
}
DEEPSEEK_FACTS(igammac, .in = {"method"}, .reference = "scipy.special.gammaincc(input, other)",
               .good = {"rand(3) * 5 + 0.1, rand(3) * 5 + 0.1", "rand(2, 1) * 100 + 1, rand(3) * 100"}, .bad = {"randn(3), randn(2)"}, .check_grad = false,
               .tolerance = 1e-9);

DEEPSEEK_FUNCTION(Tensor, zeta, (const Tensor& input, const Tensor& other),
                  "Hurwitz' zeta function: the sum of (other + k) ** -input for k = 0, 1, ... Shapes broadcast. Differentiable by "
                  "`other`.") {
  return pointwise::floating_binary<Zeta>(input, other);
}
DEEPSEEK_FACTS(zeta, .in = {"special", "hidden"}, .reference = "scipy.special.zeta(input, other)",
               .good = {"rand(3) * 5 + 1.1, rand(3) * 5 + 0.1", "2.0, rand(3) * 30 + 0.1"}, .bad = {"rand(3), rand(2)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, polygamma, (int64_t n, const Tensor& input),
                  "The `n`-th derivative of digamma at each element: (-1) ** (n + 1) n! zeta(n + 1, input) for n > 0.") {
  ensure(n >= 0, "polygamma: n must not be negative, but is ", n);
  const Tensor x = to_floating(input);
  if (n == 0) return digamma(x);
  const double size = std::exp(pointwise::log_gamma(static_cast<double>(n) + 1));
  return zeta(filled_like(x, static_cast<double>(n + 1)), x) * (n % 2 ? size : -size);
}
DEEPSEEK_FACTS(polygamma, .in = {"special"}, .reference = "scipy.special.polygamma(n, input)",
               .good = {"0, rand(3) * 5 + 0.1", "1, rand(3) * 5 + 0.1", "2, rand(2, 2) * 5 + 0.1", "4, rand(3) + 1", "1, ints(3, low=1)"},
               .bad = {"-1, randn(2)"});

DEEPSEEK_FUNCTION(Tensor, mvlgamma, (const Tensor& input, int64_t p),
                  "The logarithm of the multivariate gamma function of `p` dims: p (p - 1) / 4 log(pi) + the sum of lgamma(input - j / 2) "
                  "for j = 0 ... p - 1.") {
  ensure(p >= 1, "mvlgamma: p must be at least 1, but is ", p);
  const Tensor x = to_floating(input);
  Tensor sum = lgamma(x);
  for (int64_t j = 1; j < p; ++j) sum = sum + lgamma(x - static_cast<double>(j) / 2);
  return sum + static_cast<double>(p * (p - 1)) / 4 * 1.1447298858494002;
}
DEEPSEEK_FACTS(mvlgamma, .in = {"method"}, .reference = "numpy.vectorize(lambda a: scipy.special.multigammaln(a, p))(input)",
               .good = {"rand(3) + 2, 1", "rand(2, 2) + 3, 3"}, .bad = {"randn(3), 0"});

}  // namespace deepseek
