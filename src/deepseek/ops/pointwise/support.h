// What pointwise ops share: integer arithmetic that wraps instead of overflowing, scalar operands, common gradient forms.
#pragma once
#include <optional>
#include <type_traits>

#include "deepseek/backends/cpu/fused/math.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/promote.h"

namespace deepseek::pointwise {

template <class T>
using Unsigned = std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool> || std::is_floating_point_v<T>, int, T>>;

template <class T>
DEEPSEEK_INLINE T plus(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) return static_cast<bool>(a | b);
  else if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  else return a + b;
}
template <class T>
DEEPSEEK_INLINE T minus(T a, T b) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
  else return a - b;
}
template <class T>
DEEPSEEK_INLINE T times(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) return static_cast<bool>(a & b);
  else if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
  else return a * b;
}
template <class T>
DEEPSEEK_INLINE T negative(T a) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(Unsigned<T>{0} - static_cast<Unsigned<T>>(a));
  else return -a;
}

// Records S on operands of their common type.
template <class S>
Tensor binary(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return apply(S{}, a, b);
  Tensor x = a, y = b;
  promote_operands(x, y);
  return apply(S{}, x, y);
}
// The same in the common floating type.
template <class S>
Tensor floating_binary(const Tensor& a, const Tensor& b) {
  Tensor x = a, y = b;
  promote_operands(x, y);
  return apply(S{}, to_floating(x), to_floating(y));
}

// A 0-d operand of x's type.
inline Tensor scalar_like(const Tensor& x, double value) { return Tensor(scalar_value(value, x.dtype())); }

inline bool is_number(const Tensor& x) {
  const Value v = x.value();
  return v.node->weak && v.node->is_leaf();
}
// The value of a Python or C++ number; none for tensors.
inline std::optional<double> number_of(const Tensor& x) {
  if (!is_number(x)) return std::nullopt;
  return x.item<double>();
}

// The gradient of step functions: zero, but present, as in torch.
inline void set_zero(Grad& g, int i = 0) {
  if (g.needs(i)) g.set(i, filled_like(g.input(i), 0));
}

}  // namespace deepseek::pointwise
