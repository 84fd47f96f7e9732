// The arithmetic type of stored elements: float for the 16-bit floats, else the type itself.
#pragma once
#include "deepseek/tensor/half.h"

namespace deepseek {

template <class T>
inline constexpr bool is_half = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;
template <class T>
using Arithmetic = std::conditional_t<is_half<T>, float, T>;

template <class T>
Arithmetic<T> load(T v) {
  if constexpr (is_half<T>)
    return to_float(v);
  else
    return v;
}
template <class T>
T store(Arithmetic<T> v) {
  if constexpr (std::is_same_v<T, float16_t>)
    return to_float16(v);
  else if constexpr (std::is_same_v<T, bfloat16_t>)
    return to_bfloat16(v);
  else
    return v;
}
template <class T>
bool is_nan(T v) {
  return v != v;
}

// Sums and products of integers wrap as in numpy, without undefined overflow.
template <class T>
T wrapping_add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a || b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else
    return a + b;
}
template <class T>
T wrapping_mul(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a && b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}

}  // namespace deepseek
