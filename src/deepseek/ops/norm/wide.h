// Sums of 16-bit floats are kept in float32.
#pragma once
#include "deepseek/ops/core/core.h"

namespace deepseek {

inline Tensor wide(const Tensor& t) { return size_of(t.dtype()) == 2 && is_floating_point(t.dtype()) ? cast(t, DType::float32) : t; }
inline DType wide(DType t) { return size_of(t) == 2 && is_floating_point(t) ? DType::float32 : t; }

inline Tensor sum_over(const Tensor& t, const Dims& dims, bool keepdim = true) { return reduce(fused::ReduceKind::sum, t, dims, keepdim); }


}  // namespace deepseek
