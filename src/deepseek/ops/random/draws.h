// The streams that random functions are made of; positions are row-major, so a stream does not depend on layout.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek::random {

// float32 or float64 in [0, 1).
Tensor uniform(const Shape& shape, DType dtype, const Tensor& key);
// The type that is drawn for results of type `dtype`: float32 unless that is float64.
inline DType drawn(DType dtype) { return dtype == DType::float64 ? DType::float64 : DType::float32; }

}  // namespace deepseek::random
