// The ops that the scheduler and the gradient walk know by name: everything else is stated by op files.
#pragma once
#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/graph/tensor.h"

namespace deepseek {

// Conversion to another element type; the input itself when it has the type already.
Tensor cast(const Tensor& input, DType to);

// int64 tensor whose element at index i is offset + sum(i[d] * steps[d]); costs no memory inside a fused chain.
Tensor iota(const Shape& shape, const Strides& steps, int64_t offset = 0);

// A reduction along `dims` (each in [0, rank), at most once; all of them when empty and the tensor has dims). The element type
// stays: cast first where sums need a wider one. max and min of no elements raise.
Tensor reduce(fused::ReduceKind kind, const Tensor& input, const Dims& dims, bool keepdim);

// Every element `value`; a scalar slot inside fused chains.
Tensor filled(const Shape& shape, const Tensor& value);
Tensor filled_like(const Tensor& like, double value);  // shape and dtype of `like`

// Sums over the dims that broadcasting `shape` to g's shape added or stretched.
Tensor sum_to(const Tensor& g, const Shape& shape);

// Lets `fused` know an internal pointwise identity, so that views can be made contiguous inside a chain.
Tensor copy_of(const Tensor& input);

}  // namespace deepseek
