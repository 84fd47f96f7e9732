// What the approximations need to know about a floating-point format.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#define DEEPSEEK_INLINE inline __attribute__((always_inline))

namespace deepseek::fused {

template <class T>
concept Real = std::is_same_v<T, float> || std::is_same_v<T, double>;

namespace detail {

template <class T>
struct FloatTraits;
template <>
struct FloatTraits<float> {
  using Bits = uint32_t;
  using Signed = int32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr int bias = 127;
  static constexpr float rounder = 0x1.8p23f;  // adding it rounds to the nearest integer, kept in the low mantissa bits
  static constexpr float ln2_hi = 0x1.62e3p-1f, ln2_lo = 0x1.2fefa2p-17f;
};
template <>
struct FloatTraits<double> {
  using Bits = uint64_t;
  using Signed = int64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr int bias = 1023;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double ln2_hi = 0x1.62e42feep-1, ln2_lo = 0x1.a39ef35793c76p-33;
};

template <class T>
using Bits = typename FloatTraits<T>::Bits;
template <class T>
using Signed = typename FloatTraits<T>::Signed;

template <Real T>
DEEPSEEK_INLINE Bits<T> bits_of(T x) {
  return std::bit_cast<Bits<T>>(x);
}
template <Real T>
DEEPSEEK_INLINE T from_bits(Bits<T> b) {
  return std::bit_cast<T>(b);
}

// 2^n for n in the range of normal exponents; any other n gives some number, never undefined behaviour.
template <Real T>
DEEPSEEK_INLINE T power_of_two(Bits<T> n) {
  using F = FloatTraits<T>;
  return from_bits<T>((n + static_cast<Bits<T>>(F::bias)) << F::mantissa_bits);
}

// p * 2^n in two exact steps, so that results reach the subnormals and infinity.
template <Real T>
DEEPSEEK_INLINE T scale(T p, Bits<T> n) {
  const Bits<T> half = static_cast<Bits<T>>(static_cast<Signed<T>>(n) >> 1);
  return p * power_of_two<T>(half) * power_of_two<T>(n - half);
}

// Horner's rule, highest coefficient first.
template <Real T, class... C>
DEEPSEEK_INLINE T polynomial(T x, T highest, C... rest) {
  T p = highest;
  ((p = p * x + static_cast<T>(rest)), ...);
  return p;
}

}  // namespace detail
}  // namespace deepseek::fused
