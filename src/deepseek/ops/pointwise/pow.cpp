// pow, and the shorter arithmetic of its usual exponents.
#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// Wraps like repeated multiplication; a negative exponent truncates 1 / base ** -exponent, and 0 gives 0 there.
template <class T>
T integer_power(T base, T exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return exponent & 1 ? -1 : 1;
    return 0;
  }
  T result = 1;
  for (;;) {
    if (exponent & 1) result = pointwise::times(result, base);
    exponent >>= 1;
    if (exponent == 0) return result;
    base = pointwise::times(base, base);
  }
}

struct Pow : Pointwise {
  static constexpr OpInfo info{.name = "pow", .amp = Amp::full, .onnx = "Pow", .tflite = "POW"};
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T a, T b) {
    if constexpr (std::is_integral_v<T>) return integer_power(a, b);
    else return fused::pow(a, b);
  }
  void gradient(Grad& g) const {
    const Tensor base = g.input(0), exponent = g.input(1);
    if (g.needs(0)) {
      // x ** 0 is constant, also at x = 0 where the formula would give 0 * inf.
      const Tensor slope = exponent * pow(base, exponent - 1.0);
      g.set(0, g.grad() * where(eq(exponent, 0.0), 0.0, slope));
    }
    if (g.needs(1)) {
      const Tensor constant = logical_and(eq(base, 0.0), ge(exponent, 0.0));
      g.set(1, g.grad() * where(constant, 0.0, g.output() * log(where(constant, 1.0, base))));
    }
  }
};

struct Cube : Pointwise {
  static constexpr OpInfo info{.name = "cube"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return x * x * x;
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * (square(g.input()) * 3.0)); }
};

// Exponents with an own, faster and more exact form.
std::optional<Tensor> usual(const Tensor& x, double exponent) {
  if (exponent == 2) return square(x);
  if (exponent == 3) return apply(Cube{}, x);
  if (exponent == 0.5) return sqrt(x);
  if (exponent == -0.5) return rsqrt(x);
  if (exponent == -1) return reciprocal(x);
  return std::nullopt;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, pow, (const Tensor& input, const Tensor& exponent),
                  "input ** exponent, element by element. Shapes broadcast and types promote.\n\n"
                  "Integers wrap; a negative number as exponent of an integer tensor is refused, in a tensor it truncates to 0 "
                  "or 1.") {
  const std::optional<double> number = pointwise::number_of(exponent);
  if (number && is_floating_point(input.dtype()) && !pointwise::is_number(input)) {
    if (std::optional<Tensor> y = usual(autocast_full(input), *number)) return *y;
  }
  Tensor x = input, y = exponent;
  promote_operands(x, y);
  if (number && *number < 0 && is_integral(x.dtype())) {
    raise_value("pow: integers have no negative integer powers, but exponent is ", *number,
        "; convert input to floating point");
  }
  return apply(Pow{}, x, y);
}
DEEPSEEK_FACTS(pow, .in = {"method"}, .reference = "numpy.power(input, exponent)",
               .good = {"rand(2, 3) + 0.5, randn(2, 3)", "randn(2, 3), 2", "randn(2, 3), 3", "rand(2, 3) + 0.5, 0.5",
                        "rand(2, 3) + 0.5, -0.5", "rand(2, 3) + 0.5, -1", "rand(2, 3) + 0.5, 2.7", "randn(2, 3), 4",
                        "ints(3, 4), 3",
                        "ints(3, 4), ints(4, low=0, high=5)", "rand(2, 1, 3) + 0.5, randn(4, 1)", "2.0, randn(3)",
                        "randn(0), 2.5"},
               .bad = {"randn(2, 3), randn(2)", "ints(3), -1"});

}  // namespace deepseek
