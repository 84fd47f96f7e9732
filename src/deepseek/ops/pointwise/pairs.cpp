// Functions of two numbers: hypot, copysign, logaddexp, logaddexp2, xlogy, heaviside, ldexp, float_power.
#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Hypot : Pointwise {
  static constexpr OpInfo info{.name = "hypot"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a, T b) {
    // Squares of float cannot overflow in double.
    if constexpr (sizeof(T) == 4) return static_cast<float>(std::sqrt(static_cast<double>(a) * a + static_cast<double>(b) * b));
    else return std::hypot(a, b);
  }
  void gradient(Grad& g) const {
    const Tensor scaled = g.grad() / g.output();
    if (g.needs(0)) g.set(0, scaled * g.input(0));
    if (g.needs(1)) g.set(1, scaled * g.input(1));
  }
};

struct Copysign : Pointwise {
  static constexpr OpInfo info{.name = "copysign"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a, T b) {
    return std::copysign(a, b);
  }
  void gradient(Grad& g) const {
    if (g.needs(0)) g.set(0, g.grad() * sign(g.input(0)) * sign(g.output()));
    pointwise::set_zero(g, 1);
  }
};

struct Logaddexp : Pointwise {
  static constexpr OpInfo info{.name = "logaddexp", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T a, T b) {
    const T high = a > b ? a : b, low = a > b ? b : a;
    const T sum = high + fused::log1p(fused::exp(low - high));
    return a == b && std::fabs(a) == std::numeric_limits<T>::infinity() ? a : sum;
  }
  void gradient(Grad& g) const {
    const Tensor d = g.input(0) - g.input(1);
    if (g.needs(0)) g.set(0, g.grad() * sigmoid(d));
    if (g.needs(1)) g.set(1, g.grad() * sigmoid(-d));
  }
};

struct Xlogy : Pointwise {
  static constexpr OpInfo info{.name = "xlogy", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T y) {
    const T product = x * fused::log(y);
    return ((x == T{0}) & (y == y)) ? T{0} : product;
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(0), y = g.input(1);
    if (g.needs(0)) g.set(0, where(logical_and(eq(x, 0.0), le(y, 0.0)), 0.0, xlogy(g.grad(), y)));
    if (g.needs(1)) g.set(1, g.grad() * x / y);
  }
};

struct Heaviside : Pointwise {
  static constexpr OpInfo info{.name = "heaviside"};
  static constexpr NotDifferentiable gradient{"a step has no slope"};
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T x, T at_zero) {
    const T step = x > T{0} ? T{1} : T{0};
    return x == T{0} ? at_zero : x != x ? x : step;
  }
};

constexpr double ln2 = 0.6931471805599453;

}  // namespace

DEEPSEEK_FUNCTION(Tensor, hypot, (const Tensor& input, const Tensor& other),
                  "sqrt(input ** 2 + other ** 2) without overflow in between. Shapes broadcast and types promote.") {
  return pointwise::floating_binary<Hypot>(input, other);
}
DEEPSEEK_FACTS(hypot, .in = {"method"}, .reference = "numpy.hypot(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)"},
               .bad = {"randn(2), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, copysign, (const Tensor& input, const Tensor& other),
                  "The magnitude of input with the sign of other. Shapes broadcast; integers become floating point.") {
  return pointwise::floating_binary<Copysign>(input, other);
}
DEEPSEEK_FACTS(copysign, .in = {"method"}, .reference = "numpy.copysign(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)", "ints(3), -1.0"}, .bad = {"randn(2), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, logaddexp, (const Tensor& input, const Tensor& other),
                  "log(exp(input) + exp(other)) without overflow in between. Shapes broadcast.") {
  return pointwise::floating_binary<Logaddexp>(input, other);
}
DEEPSEEK_FACTS(logaddexp, .in = {"method"}, .reference = "numpy.logaddexp(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1) * 100, randn(3)"}, .bad = {"randn(2), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, logaddexp2, (const Tensor& input, const Tensor& other),
                  "log2(2 ** input + 2 ** other) without overflow in between. Shapes broadcast.") {
  return logaddexp(input * ln2, other * ln2) * (1 / ln2);
}
DEEPSEEK_FACTS(logaddexp2, .in = {"method"}, .reference = "numpy.logaddexp2(input, other)",
               .good = {"randn(2, 3), randn(2, 3)"});

DEEPSEEK_FUNCTION(Tensor, xlogy, (const Tensor& input, const Tensor& other),
                  "input * log(other), and 0 where input is 0 unless other is NaN. Shapes broadcast and types promote.") {
  return pointwise::floating_binary<Xlogy>(input, other);
}
DEEPSEEK_FACTS(xlogy, .in = {"method", "special"}, .reference = "scipy.special.xlogy(input, other)",
               .good = {"randn(2, 3), rand(2, 3) + 0.5", "ints(4, low=0, high=2), ints(4, low=0, high=2)",
                        "randn(4, 1), rand(3) + 0.5"},
               .bad = {"randn(2), rand(3)"});

DEEPSEEK_FUNCTION(Tensor, heaviside, (const Tensor& input, const Tensor& values),
                  "0 where input is negative, 1 where it is positive, and the element of values where it is 0. Shapes "
                  "broadcast.") {
  return pointwise::binary<Heaviside>(input, values);
}
DEEPSEEK_FACTS(heaviside, .in = {"method"},
               .reference = "numpy.heaviside(input, values).astype(numpy.result_type(input, values))",
               .good = {"ints(5, low=-1, high=2), ints(5)", "randn(2, 3), 0.5"}, .bad = {"randn(2), randn(3)"},
                        .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, ldexp, (const Tensor& input, const Tensor& other), "input * 2 ** other. Shapes broadcast.") {
  return input * exp2(other);
}
DEEPSEEK_FACTS(ldexp, .in = {"method"}, .reference = "input * 2.0 ** other", .good = {"randn(2, 3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, float_power, (const Tensor& input, const Tensor& exponent),
                  "input ** exponent in float64. Shapes broadcast.") {
  return pow(cast(input, DType::float64), cast(exponent, DType::float64));
}
DEEPSEEK_FACTS(float_power, .in = {"method"}, .reference = "numpy.float_power(input, exponent)",
               .good = {"rand(2, 3) + 0.5, 2.5", "ints(3, low=1), -2"});

}  // namespace deepseek
