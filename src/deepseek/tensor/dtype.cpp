#include "deepseek/tensor/dtype.h"

#include <algorithm>
#include <utility>

namespace deepseek {

std::string_view name_of(DType t) {
  static constexpr std::string_view names[dtype_count] = {"bool",  "uint8",   "int8",     "int16",   "int32",
                                                          "int64", "float16", "bfloat16", "float32", "float64"};
  return names[static_cast<int>(t)];
}

bool parse_dtype(std::string_view name, DType* out) {
  static constexpr std::pair<std::string_view, DType> aliases[] = {
      {"half", DType::float16},  {"float", DType::float32}, {"double", DType::float64}, {"short", DType::int16},
      {"int", DType::int32},     {"long", DType::int64},    {"bool_", DType::bool_},
  };
  for (int i = 0; i < dtype_count; ++i) {
    if (name_of(static_cast<DType>(i)) == name) return *out = static_cast<DType>(i), true;
  }
  for (auto& [alias, t] : aliases) {
    if (alias == name) return *out = t, true;
  }
  return false;
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (is_floating_point(b)) {
    const bool both_16_bit = a == DType::float16 && b == DType::bfloat16;
    return both_16_bit ? DType::float32 : b;
  }
  // uint8 with a signed type needs a signed type that holds 0..255.
  if (a == DType::uint8) return std::max(b, DType::int16);
  return b;
}

}  // namespace deepseek
