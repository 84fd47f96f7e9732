#pragma once
#include "deepseek/tensor/dtype.h"

namespace deepseek::fused {

// The type of the registers in which programs compute with stored elements of type t.
constexpr DType register_type(DType t) {
  switch (t) {
    case DType::float16:
    case DType::bfloat16: return DType::float32;
    case DType::uint8:
    case DType::int8:
    case DType::int16: return DType::int32;
    default: return t;
  }
}

}  // namespace deepseek::fused
