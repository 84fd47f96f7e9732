// Conversion of a block between element types: loads, stores and casts.
#pragma once
#include "deepseek/backends/cpu/fused/lane.h"

namespace deepseek::fused {

// in[0] holds `from`, out holds `to`; one of the two is a register type. Floats become integers by truncation; what does not
// fit (or is NaN) becomes the lowest int32 or int64, as x86 does, of which narrower integers take the low bits.
// nullptr when neither is a register type. Points to one function for each instruction set.
const BlockFn* converter(DType from, DType to);

// Elements of `bytes` bytes, moved as they are.
const BlockFn* copier(int64_t bytes);

constexpr bool is_register_type(DType t) {
  return t == DType::bool_ || t == DType::int32 || t == DType::int64 || t == DType::float32 || t == DType::float64;
}

}  // namespace deepseek::fused
