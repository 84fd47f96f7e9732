#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek {

// (values, int64 indices) along dim; stable, NaN counts as the largest.
TensorList sorted_along(const Tensor& input, int dim, bool descending);

// The gradient of values picked along dim by index: `grad` at the places of `indices` in zeros of shape `input`.
Tensor unpicked(const Tensor& grad, const Shape& input, int dim, const Tensor& indices);

}  // namespace deepseek
