// What views are undone with: their gradients put a tensor into zeros, their writes put it into the base.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek {

// `input` surrounded by `fill`: low[d] elements before, high[d] after, interior[d] between neighbours, along each dim.
Tensor pad_window(const Tensor& input, const Dims& low, const Dims& high, const Dims& interior, double fill = 0);
// The same along one dim.
Tensor pad_window(const Tensor& input, int dim, int64_t low, int64_t high, int64_t interior = 0, double fill = 0);

// A strided region of a row-major tensor: element i lies at offset + sum(i[d] * steps[d]).
struct Region {
  Shape shape;
  Strides steps;
  int64_t offset = 0;
};

// True when two indices of the region may be the same element.
bool overlaps(const Region& region);

// The region as a view. Steps count elements of the row-major `base`, however it lies in memory.
Tensor region_view(const Tensor& base, const Region& region);

// `base` with the region replaced by `value`, which has the region's shape.
Tensor region_write(const Tensor& base, const Tensor& value, const Strides& steps, int64_t offset);

// Zeros of shape `base` to which `value` is added over the region; overlapping elements are added in order.
Tensor region_place(const Tensor& value, const Shape& base, const Strides& steps, int64_t offset);

// input[start : start + length * step : step] along dim, in a node that shares no writes with `input`. `step` may be
// negative.
Tensor slice_of(const Tensor& input, int dim, int64_t start, int64_t length, int64_t step = 1);
Tensor select_of(const Tensor& input, int dim, int64_t index);

}  // namespace deepseek
