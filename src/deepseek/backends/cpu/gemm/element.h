// How stored elements enter and leave the arithmetic of a product.
#pragma once
#include <type_traits>

#include "deepseek/tensor/half.h"

namespace deepseek::gemm {

// The type in which products of S are formed and added: integers wrap at their own width or more, 16-bit floats use float.
template <class S>
using Accumulator = std::conditional_t<std::is_same_v<S, double>, double,
                    std::conditional_t<std::is_same_v<S, int64_t>, uint64_t,
                    std::conditional_t<std::is_integral_v<S>, uint32_t, float>>>;

template <class T, class S>
inline T load_element(S s) {
  if constexpr (std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>) return to_float(s);
  else return static_cast<T>(s);
}
template <class S, class T>
inline S store_element(T v) {
  if constexpr (std::is_same_v<S, float16_t>) return to_float16(v);
  else if constexpr (std::is_same_v<S, bfloat16_t>) return to_bfloat16(v);
  else return static_cast<S>(v);
}

// max(v, 0) with the sign that S would see; NaN stays.
template <class S, class T>
inline T relu_element(T v) {
  if constexpr (std::is_integral_v<S>) return static_cast<S>(v) < S{} ? T{} : v;
  else return v < T{} ? T{} : v;
}

}  // namespace deepseek::gemm
