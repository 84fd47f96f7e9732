// The dims that a reduction runs over, as a bit mask: small in a node, and free of shapes.
#pragma once
#include <string_view>

#include "deepseek/graph/tensor.h"
#include "deepseek/ops/types.h"

namespace deepseek {

using DimMask = uint32_t;

// All dims when `dim` is empty. Raises for a dim out of range or named twice.
DimMask reduce_mask(const Dims& dim, int rank, std::string_view op);
DimMask reduce_mask(std::optional<int64_t> dim, int rank, std::string_view op);

Dims dims_of(DimMask mask);
Shape reduced_shape(const Shape& shape, DimMask mask, bool keepdim);
int64_t reduced_count(const Shape& shape, DimMask mask);  // elements per result

// A reduced tensor with its lost dims back as size 1, so that it broadcasts against the input of shape `input`.
Tensor with_reduced_dims(const Tensor& reduced, const Shape& input, DimMask mask);

// The type that sums of `t` run in: float32 for the 16-bit floats, else `t`.
constexpr DType accumulation_type(DType t) {
  return t == DType::float16 || t == DType::bfloat16 ? DType::float32 : t;
}

}  // namespace deepseek
