// Functions of whole numbers and of the bits of floats: gcd, lcm, nextafter, frexp.
#include <cmath>
#include <numeric>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

template <class T>
T greatest_divisor(T a, T b) {
  using U = std::make_unsigned_t<T>;
  U x = a < 0 ? U{0} - static_cast<U>(a) : static_cast<U>(a), y = b < 0 ? U{0} - static_cast<U>(b) : static_cast<U>(b);
  while (y != 0) {
    const U rest = x % y;
    x = y;
    y = rest;
  }
  return static_cast<T>(x);
}

struct Gcd : Pointwise {
  static constexpr OpInfo info{.name = "gcd"};
  static constexpr NotDifferentiable gradient{"divisors are integers"};
  using Lanes = fused::Integral;
  template <class T>
  static T lane(T a, T b) {
    return greatest_divisor(a, b);
  }
};

struct Lcm : Pointwise {
  static constexpr OpInfo info{.name = "lcm"};
  static constexpr NotDifferentiable gradient{"multiples are integers"};
  using Lanes = fused::Integral;
  template <class T>
  static T lane(T a, T b) {
    const T d = greatest_divisor(a, b);
    if (d == 0) return 0;
    const T multiple = pointwise::times(static_cast<T>(a / d), b);
    return multiple < 0 ? pointwise::negative(multiple) : multiple;
  }
};

struct NextAfter : Pointwise {
  static constexpr OpInfo info{.name = "nextafter"};
  static constexpr NotDifferentiable gradient{"the next number is one of a grid"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T from, T to) {
    return std::nextafter(from, to);
  }
};

struct Mantissa : Pointwise {
  static constexpr OpInfo info{.name = "frexp"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    int exponent;
    return std::frexp(x, &exponent);
  }
  // mantissa = x * 2 ** -exponent
  void gradient(Grad& g) const { g.set(0, ldexp(g.grad(), -frexp(g.input())[1])); }
};

struct Exponent : Pointwise {
  static constexpr OpInfo info{.name = "frexp_exponent"};
  static constexpr NotDifferentiable gradient{"exponents are integers"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    int exponent = 0;
    std::frexp(x, &exponent);
    return static_cast<T>(std::isfinite(x) ? exponent : 0);
  }
};

void whole(const Tensor& a, const Tensor& b, std::string_view op) {
  for (const Tensor* x : {&a, &b}) {
    if (is_floating_point(x->dtype()) || x->dtype() == DType::bool_) raise_type(op, ": needs integers, but has ", name_of(x->dtype()));
  }
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, gcd, (const Tensor& input, const Tensor& other),
                  "The greatest common divisor of each pair of integers, not negative; gcd(0, 0) is 0. Shapes broadcast.") {
  whole(input, other, "gcd");
  return pointwise::binary<Gcd>(input, other);
}
DEEPSEEK_FACTS(gcd, .in = {"method"}, .reference = "numpy.gcd(input, other)", .good = {"ints(4, low=-20, high=20), ints(4, high=30)", "ints(2, 1, high=50), 12"},
               .bad = {"randn(3), ints(3)", "ints(2), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, lcm, (const Tensor& input, const Tensor& other),
                  "The least common multiple of each pair of integers, not negative; 0 where one is 0. Shapes broadcast.") {
  whole(input, other, "lcm");
  return pointwise::binary<Lcm>(input, other);
}
DEEPSEEK_FACTS(lcm, .in = {"method"}, .reference = "numpy.lcm(input, other)", .good = {"ints(4, low=-20, high=20), ints(4, high=30)", "ints(2, 1, high=50), 12"},
               .bad = {"randn(3), ints(3)", "ints(2), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, nextafter, (const Tensor& input, const Tensor& other),
                  "The next number of the type after each element of `input` in the direction of `other`. float32 and float64.") {
  Tensor x = input, y = other;
  promote_operands(x, y);
  if (x.dtype() != DType::float32 && x.dtype() != DType::float64) raise_type("nextafter: needs float32 or float64, but has ", name_of(x.dtype()));
  return apply(NextAfter{}, x, y);
}
DEEPSEEK_FACTS(nextafter, .in = {"method"}, .reference = "numpy.nextafter(input, other)", .good = {"randn(4), randn(4)", "randn(2) * 0, randn(2)"},
               .bad = {"ints(3), ints(3)", "randn(2), randn(3)"}, .check_grad = false);

DEEPSEEK_FUNCTION(TensorList, frexp, (const Tensor& input),
                  "(mantissa, exponent) of each element: input = mantissa * 2 ** exponent, the mantissa in (-1, -0.5] or [0.5, 1), "
                  "the exponent int32. Floating types only.") {
  if (!is_floating_point(input.dtype())) raise_type("frexp: needs a floating type, but input is ", name_of(input.dtype()));
  return {apply(Mantissa{}, input), cast(apply(Exponent{}, input), DType::int32)};
}
DEEPSEEK_FACTS(frexp, .in = {"method"}, .reference = "numpy.frexp(input)", .good = {"randn(2, 3) * 100", "randn(2) * 0"}, .bad = {"ints(3)"},
               .check_grad = false);

}  // namespace deepseek
