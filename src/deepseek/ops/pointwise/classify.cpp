// isnan, isinf, isfinite, isposinf, isneginf, signbit, nan_to_num, isclose.
#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable no_slope{"a test is true or false and has no slope"};

struct IsNan : Pointwise {
  static constexpr OpInfo info{.name = "isnan", .onnx = "IsNaN"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::Floating;
  template <class T>
  static bool lane(T x) {
    return x != x;
  }
};
struct IsFinite : Pointwise {
  static constexpr OpInfo info{.name = "isfinite"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::Floating;
  template <class T>
  static bool lane(T x) {
    return std::fabs(x) <= std::numeric_limits<T>::max();
  }
};
struct SignBit : Pointwise {
  static constexpr OpInfo info{.name = "signbit"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::Numeric;
  template <class T>
  static bool lane(T x) {
    if constexpr (std::is_floating_point_v<T>) return fused::detail::bits_of(x) >> (sizeof(T) * 8 - 1);
    else return x < 0;
  }
};
struct NanToNum : Pointwise {
  static constexpr OpInfo info{.name = "nan_to_num"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T nan, T posinf, T neginf) {
    constexpr T inf = std::numeric_limits<T>::infinity();
    T y = x == inf ? posinf : x;
    y = x == -inf ? neginf : y;
    return x != x ? nan : y;
  }
  void gradient(Grad& g) const { g.set(0, where(isfinite(g.input()), g.grad(), 0.0)); }
};

// |a - b| <= atol + rtol |b|, or both equal (infinities).
struct IsClose : Pointwise {
  static constexpr OpInfo info{.name = "isclose"};
  static constexpr NotDifferentiable gradient = no_slope;
  using Lanes = fused::Floating;
  template <class T>
  static bool lane(T a, T b, T rtol, T atol) {
    const T limit = atol + std::fabs(rtol * b);
    const bool finite = std::fabs(b) <= std::numeric_limits<T>::max(), near = std::fabs(a - b) <= limit;
    return (a == b) | (finite & near);
  }
};

double largest(DType t) {
  switch (t) {
    case DType::float16: return 65504.0;
    case DType::bfloat16: return 0x1.fep127;
    case DType::float32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

// A test that every integer answers alike.
template <class S>
Tensor test(const Tensor& input, bool integers) {
  if (is_floating_point(input.dtype())) return apply(S{}, input);
  return filled(input.shape(), Tensor(scalar_value(static_cast<int64_t>(integers), DType::bool_)));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, isnan, (const Tensor& input), "Where the element is not a number, as a bool tensor.") {
  return test<IsNan>(input, false);
}
DEEPSEEK_FACTS(isnan, .in = {"method"}, .reference = "numpy.isnan(input)",
               .good = {"randn(2, 3)", "ints(4)", "randn(3) * nan", "randn(3) * inf"});

DEEPSEEK_FUNCTION(Tensor, isfinite, (const Tensor& input), "Where the element is neither infinite nor NaN, as a bool tensor.") {
  return test<IsFinite>(input, true);
}
DEEPSEEK_FACTS(isfinite, .in = {"method"}, .reference = "numpy.isfinite(input)",
               .good = {"randn(2, 3)", "ints(4)", "randn(3) * nan", "randn(3) * inf"});

DEEPSEEK_FUNCTION(Tensor, isinf, (const Tensor& input), "Where the element is infinite, as a bool tensor.") {
  if (!is_floating_point(input.dtype())) return test<IsNan>(input, false);
  return eq(abs(input), std::numeric_limits<double>::infinity());
}
DEEPSEEK_FACTS(isinf, .in = {"method"}, .reference = "numpy.isinf(input)",
               .good = {"randn(2, 3)", "ints(4)", "randn(3) * nan", "randn(3) * inf"});

DEEPSEEK_FUNCTION(Tensor, isposinf, (const Tensor& input), "Where the element is positive infinity, as a bool tensor.") {
  if (!is_floating_point(input.dtype())) return test<IsNan>(input, false);
  return eq(input, std::numeric_limits<double>::infinity());
}
DEEPSEEK_FACTS(isposinf, .in = {"method"}, .reference = "numpy.isposinf(input)", .good = {"randn(2, 3)", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, isneginf, (const Tensor& input), "Where the element is negative infinity, as a bool tensor.") {
  if (!is_floating_point(input.dtype())) return test<IsNan>(input, false);
  return eq(input, -std::numeric_limits<double>::infinity());
}
DEEPSEEK_FACTS(isneginf, .in = {"method"}, .reference = "numpy.isneginf(input)",
               .good = {"randn(2, 3)", "ints(4)", "randn(3) * nan", "randn(3) * inf"});

DEEPSEEK_FUNCTION(Tensor, signbit, (const Tensor& input), "Where the sign bit is set (also of -0.0), as a bool tensor.") {
  return apply(SignBit{}, input.dtype() == DType::bool_ ? cast(input, DType::int32) : input);
}
DEEPSEEK_FACTS(signbit, .in = {"method"}, .reference = "numpy.signbit(input)", .good = {"randn(2, 3)", "ints(4, low=-3)"});

DEEPSEEK_FUNCTION(Tensor, nan_to_num,
                  (const Tensor& input, double nan DEFAULT(0.0), std::optional<double> posinf DEFAULT(std::nullopt),
                   std::optional<double> neginf DEFAULT(std::nullopt)),
                  "input with NaN replaced by nan, and infinities by posinf and neginf or, when these are not given, by the "
                  "largest and smallest finite numbers of the dtype.") {
  if (!is_floating_point(input.dtype())) return copy_of(input);
  const double limit = largest(input.dtype());
  return apply(NanToNum{}, input, pointwise::scalar_like(input, nan), pointwise::scalar_like(input, posinf.value_or(limit)),
               pointwise::scalar_like(input, neginf.value_or(-limit)));
}
DEEPSEEK_FACTS(nan_to_num, .in = {"method"}, .reference = "numpy.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)",
               .good = {"randn(2, 3)", "randn(3), 2.0", "ints(4)"});

DEEPSEEK_FUNCTION(Tensor, isclose,
                  (const Tensor& input, const Tensor& other, double rtol DEFAULT(1e-05), double atol DEFAULT(1e-08),
                   bool equal_nan DEFAULT(false)),
                  "Where |input - other| <= atol + rtol * |other|, as a bool tensor. Equal infinities are close; NaN is close "
                  "to NaN when equal_nan is set. Shapes broadcast.") {
  ensure(rtol >= 0 && atol >= 0, "isclose: rtol and atol must not be negative, but are ", rtol, " and ", atol);
  Tensor x = input, y = other;
  promote_operands(x, y);
  if (!is_floating_point(x.dtype())) x = cast(x, DType::float64), y = cast(y, DType::float64);
  Tensor close = apply(IsClose{}, x, y, pointwise::scalar_like(x, rtol), pointwise::scalar_like(x, atol));
  if (equal_nan) close = logical_or(close, logical_and(isnan(x), isnan(y)));
  return close;
}
DEEPSEEK_FACTS(isclose, .in = {"method"}, .reference = "numpy.isclose(input, other, rtol, atol, equal_nan)",
               .good = {"randn(2, 3), randn(2, 3), 0.5", "ints(4), ints(4)", "randn(3), 0.0, 0.0, 0.5",
                        "randn(3) * nan, randn(3) * nan, 1.0, 0.0, True"},
               .bad = {"randn(2, 3), randn(2)", "randn(2), randn(2), -1.0"});

}  // namespace deepseek
