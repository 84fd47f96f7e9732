// log, log1p, log2, log10 after fdlibm, with selects in place of branches.
#pragma once
#include "deepseek/backends/cpu/fused/math/float_traits.h"

namespace deepseek::fused {
namespace detail {

// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x.
template <Real T>
struct LogReduction {
  T k;
  T f;
  Signed<T> exponent;
};
template <Real T>
DEEPSEEK_INLINE LogReduction<T> reduce_log(T x) {
  using F = FloatTraits<T>;
  constexpr T smallest_normal = std::numeric_limits<T>::min();
  constexpr T subnormal_scale = sizeof(T) == 4 ? T(0x1p25) : T(0x1p54);
  const bool subnormal = x < smallest_normal;
  const T normal = subnormal ? x * subnormal_scale : x;
  constexpr Bits<T> root_half = std::bit_cast<Bits<T>>(static_cast<T>(0x1.6a09e667f3bcdp-1));
  const Bits<T> shifted = bits_of(normal) - root_half;
  const Signed<T> k = static_cast<Signed<T>>(shifted) >> F::mantissa_bits;
  constexpr Bits<T> mask = (static_cast<Bits<T>>(1) << F::mantissa_bits) - 1;
  const T m = from_bits<T>((shifted & mask) + root_half);
  const Signed<T> exponent = k - (subnormal ? (sizeof(T) == 4 ? 25 : 54) : 0);
  // |exponent| is small: the rounding constant turns it into a float without an integer conversion.
  const T kf = from_bits<T>(bits_of(F::rounder) + static_cast<Bits<T>>(exponent)) - F::rounder;
  return {kf, m - static_cast<T>(1), exponent};
}

DEEPSEEK_INLINE float log_series(float z) {
  return z * polynomial(z, 0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f);
}
DEEPSEEK_INLINE double log_series(double z) {
  return z * polynomial(z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                        2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                        6.666666666666735130e-01);
}

// log(1 + f) as f - tail(f).
template <Real T>
struct LogParts {
  T half_square;
  T product;
};
template <Real T>
DEEPSEEK_INLINE LogParts<T> log_parts(T f) {
  const T s = f / (static_cast<T>(2) + f);
  const T half_square = static_cast<T>(0.5) * f * f;
  return {half_square, s * (half_square + log_series(s * s))};
}

// The values outside (0, inf): the argument decides, `value` is kept elsewhere.
template <Real T>
DEEPSEEK_INLINE T log_special(T x, T value) {
  constexpr T inf = std::numeric_limits<T>::infinity();
  value = x == inf ? inf : value;
  value = x == static_cast<T>(0) ? -inf : value;
  value = x < static_cast<T>(0) ? std::numeric_limits<T>::quiet_NaN() : value;
  return x != x ? x : value;
}

}  // namespace detail

// Max error 1.5 ULP over all arguments, subnormals included.
template <Real T>
DEEPSEEK_INLINE T log(T x) {
  using F = detail::FloatTraits<T>;
  const auto [k, f, exponent] = detail::reduce_log(x);
  const auto [half_square, product] = detail::log_parts(f);
  const T value = k * F::ln2_hi - ((half_square - (product + k * F::ln2_lo)) - f);
  return detail::log_special(x, value);
}

// log(1 + x). Max error 2 ULP over all arguments; exact sign of zero.
template <Real T>
DEEPSEEK_INLINE T log1p(T x) {
  using F = detail::FloatTraits<T>;
  const T u = static_cast<T>(1) + x;
  const auto [k, f_of_u, exponent] = detail::reduce_log(u);
  const bool near_one = k == static_cast<T>(0);
  const T f = near_one ? x : f_of_u;
  // What 1 + x rounded away, relative to u.
  T correction = x >= static_cast<T>(1) ? static_cast<T>(1) - (u - x) : x - (u - static_cast<T>(1));
  correction = near_one || u > static_cast<T>(0x1p60) ? static_cast<T>(0) : correction / u;
  const auto [half_square, product] = detail::log_parts(f);
  const T value = k * F::ln2_hi - ((half_square - (product + (k * F::ln2_lo + correction))) - f);
  const T special = detail::log_special(u, value);
  return x == static_cast<T>(0) ? x : special;
}

// Max error 2.5 ULP over all arguments; exact at powers of two.
template <Real T>
DEEPSEEK_INLINE T log2(T x) {
  const auto [k, f, exponent] = detail::reduce_log(x);
  const auto [half_square, product] = detail::log_parts(f);
  const T value = (f - (half_square - product)) * static_cast<T>(0x1.71547652b82fep+0) + k;
  return detail::log_special(x, value);
}

// Max error 2.5 ULP over all arguments.
template <Real T>
DEEPSEEK_INLINE T log10(T x) {
  constexpr T log10_2_hi = sizeof(T) == 4 ? T(0x1.3441p-2) : T(0x1.34413509f6p-2);
  constexpr T log10_2_lo = sizeof(T) == 4 ? T(0x1.a84fb6p-21) : T(0x1.9fef311f12b36p-42);
  const auto [k, f, exponent] = detail::reduce_log(x);
  const auto [half_square, product] = detail::log_parts(f);
  const T log_m = (f - (half_square - product)) * static_cast<T>(0x1.bcb7b1526e50ep-2);
  return detail::log_special(x, k * log10_2_hi + (k * log10_2_lo + log_m));
}

}  // namespace deepseek::fused
