// Element types, their sizes, and torch's promotion rules.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace deepseek {

enum class DType : uint8_t { bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64 };
inline constexpr int dtype_count = 10;

// Storage of the 16-bit floats; arithmetic happens in float32 (tensor/half.h converts).
struct float16_t {
  uint16_t bits;
};
struct bfloat16_t {
  uint16_t bits;
};

constexpr int64_t size_of(DType t) {
  constexpr int64_t sizes[dtype_count] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8};
  return sizes[static_cast<int>(t)];
}
constexpr bool is_floating_point(DType t) { return t >= DType::float16; }
constexpr bool is_integral(DType t) { return t >= DType::uint8 && t <= DType::int64; }

std::string_view name_of(DType t);                // "float32"
bool parse_dtype(std::string_view name, DType*);  // accepts torch's aliases: "float", "half", "long", ...

// torch.promote_types: the smallest type that both convert to.
DType promote(DType a, DType b);

// Kind order used by promotion with Python numbers: bool < integer < float.
constexpr int kind_of(DType t) { return is_floating_point(t) ? 2 : t == DType::bool_ ? 0 : 1; }

template <class T>
struct DTypeOf;
template <> struct DTypeOf<bool> { static constexpr DType value = DType::bool_; };
template <> struct DTypeOf<uint8_t> { static constexpr DType value = DType::uint8; };
template <> struct DTypeOf<int8_t> { static constexpr DType value = DType::int8; };
template <> struct DTypeOf<int16_t> { static constexpr DType value = DType::int16; };
template <> struct DTypeOf<int32_t> { static constexpr DType value = DType::int32; };
template <> struct DTypeOf<int64_t> { static constexpr DType value = DType::int64; };
template <> struct DTypeOf<float16_t> { static constexpr DType value = DType::float16; };
template <> struct DTypeOf<bfloat16_t> { static constexpr DType value = DType::bfloat16; };
template <> struct DTypeOf<float> { static constexpr DType value = DType::float32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::float64; };
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

// Calls f(T{}) with the C++ type that stores `t`.
template <class F>
decltype(auto) visit_dtype(DType t, F&& f) {
  switch (t) {
    case DType::bool_: return f(bool{});
    case DType::uint8: return f(uint8_t{});
    case DType::int8: return f(int8_t{});
    case DType::int16: return f(int16_t{});
    case DType::int32: return f(int32_t{});
    case DType::int64: return f(int64_t{});
    case DType::float16: return f(float16_t{});
    case DType::bfloat16: return f(bfloat16_t{});
    case DType::float32: return f(float{});
    default: return f(double{});
  }
}

}  // namespace deepseek
