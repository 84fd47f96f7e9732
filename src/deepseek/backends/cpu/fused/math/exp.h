// exp and what derives from it: expm1, exp2, tanh, sigmoid.
#pragma once
#include <algorithm>

#include "deepseek/backends/cpu/fused/math/float_traits.h"

namespace deepseek::fused {
namespace detail {

// x = n ln2 + r with |r| <= ln2 / 2; x must be within the clamps of its callers.
template <Real T>
struct ExpReduction {
  Bits<T> n;
  T r;
};
template <Real T>
DEEPSEEK_INLINE ExpReduction<T> reduce_exp(T x) {
  using F = FloatTraits<T>;
  const T shifted = x * static_cast<T>(0x1.71547652b82fep+0) + F::rounder;
  const T n = shifted - F::rounder;
  const T r = (x - n * F::ln2_hi) - n * F::ln2_lo;
  return {bits_of(shifted) - bits_of(F::rounder), r};
}

// exp(r) - 1 - r for |r| <= ln2 / 2.
DEEPSEEK_INLINE float exp_tail(float r) {
  const float p = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                             1.6666665459e-1f, 5.0000001201e-1f);
  return p * (r * r);
}
DEEPSEEK_INLINE double exp_tail(double r) {
  const double p =
      polynomial(r, 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  return p * (r * r);
}

}  // namespace detail

// Max error 1.5 ULP (float and double) over all arguments, subnormal results included.
template <Real T>
DEEPSEEK_INLINE T exp(T x) {
  constexpr T high = sizeof(T) == 4 ? T(89) : T(710), low = sizeof(T) == 4 ? T(-104) : T(-746);
  x = x > high ? high : x;
  x = x < low ? low : x;
  const auto [n, r] = detail::reduce_exp(x);
  return detail::scale(static_cast<T>(1) + (r + detail::exp_tail(r)), n);
}

// As above, with x = 2 m ln2 + r: both factors of 2^(2m) are one power, which the rounding leaves ready in the low bits of
// `shifted`, and the bounds are put on the bits, where compilers keep them to one instruction each.
template <>
DEEPSEEK_INLINE float exp(float x) {
  uint32_t bits = detail::bits_of(x);
  bits = std::min(bits, std::bit_cast<uint32_t>(-104.0f));
  bits = static_cast<uint32_t>(std::min(static_cast<int32_t>(bits), std::bit_cast<int32_t>(89.0f)));
  const float bounded = detail::from_bits<float>(bits);
  constexpr float rounder = detail::FloatTraits<float>::rounder + 127.0f;
  const float shifted = bounded * 0x1.715476p-1f + rounder;
  const float m = shifted - rounder;
  const float r = (bounded - m * 0x1.62e3p+0f) - m * 0x1.2fefa2p-16f;
  const float p = detail::polynomial(r, 2.4439809873e-05f, 2.0110067009e-04f, 1.3893711592e-03f, 8.3325263440e-03f,
                                     4.1666525187e-02f, 1.6666673884e-01f, 5.0000001066e-01f);
  const float power = detail::from_bits<float>(detail::bits_of(shifted) << 23);
  const float result = (1.0f + (r + p * (r * r))) * power * power;
  return x != x ? x : result;
}

// Max error 1.5 ULP over all arguments.
template <Real T>
DEEPSEEK_INLINE T exp2(T x) {
  using F = detail::FloatTraits<T>;
  constexpr T high = sizeof(T) == 4 ? T(129) : T(1025), low = sizeof(T) == 4 ? T(-151) : T(-1076);
  x = x > high ? high : x;
  x = x < low ? low : x;
  const T shifted = x + F::rounder;
  const T fraction = x - (shifted - F::rounder);
  const T r = fraction * static_cast<T>(0x1.62e42fefa39efp-1);
  // What the product above rounds away.
  const T correction = fraction * (sizeof(T) == 4 ? static_cast<T>(-0x1.05c61p-29) : static_cast<T>(0x1.abc9e3b39803fp-56));
  return detail::scale(static_cast<T>(1) + ((r + correction) + detail::exp_tail(r)),
                       detail::bits_of(shifted) - detail::bits_of(F::rounder));
}

// Max error 2.5 ULP over all arguments; exact sign of zero.
template <Real T>
DEEPSEEK_INLINE T expm1(T x) {
  constexpr T high = sizeof(T) == 4 ? T(89) : T(710), low = sizeof(T) == 4 ? T(-30) : T(-60);
  T y = x > high ? high : x;
  y = y < low ? low : y;
  const auto [n, r] = detail::reduce_exp(y);
  const T p = r + detail::exp_tail(r);
  // One power less and doubled at the end: 2^n itself may overflow where the result does not.
  const T s = detail::power_of_two<T>(n - 1);
  const T result = (s * p + (s - static_cast<T>(0.5))) * static_cast<T>(2);
  return x == static_cast<T>(0) ? x : result;
}

// Max error 3 ULP over all arguments.
template <Real T>
DEEPSEEK_INLINE T tanh(T x) {
  constexpr T limit = sizeof(T) == 4 ? T(10) : T(20);  // tanh is 1 to the last bit beyond
  T a = std::fabs(x);
  a = a > limit ? limit : a;
  const T t = expm1(a + a);
  return std::copysign(t / (t + static_cast<T>(2)), x);
}

// The same for float without what expm1 does for large and negative arguments.
template <>
DEEPSEEK_INLINE float tanh(float x) {
  float a = std::fabs(x);
  a = a > 10.0f ? 10.0f : a;
  const auto [n, r] = detail::reduce_exp(a + a);
  const float power = detail::power_of_two<float>(n);
  const float t = power * (r + detail::exp_tail(r)) + (power - 1.0f);
  return std::copysign(t / (t + 2.0f), x);
}

// 1 / (1 + exp(-x)). Max error 3 ULP; no loss for large negative x.
template <Real T>
DEEPSEEK_INLINE T sigmoid(T x) {
  const T e = exp(-std::fabs(x));
  const T s = static_cast<T>(1) / (static_cast<T>(1) + e);
  const T below = e * s;
  return x >= static_cast<T>(0) ? s : below;
}

}  // namespace deepseek::fused
