// torch's rules for the result type of operands of different types.
#pragma once
#include <span>

#include "deepseek/graph/tensor.h"

namespace deepseek {

// torch.result_type: tensors with dims outrank 0-d tensors, which outrank Python numbers, within the same kind
// (bool < integer < float).
DType result_type(std::span<const Tensor* const> operands);

// Converts the operands to their common type.
void promote_operands(Tensor& a, Tensor& b);
void promote_operands(Tensor& a, Tensor& b, Tensor& c);

// Integers and bools become the default floating type; floats stay. For exp, mean, div, ...
Tensor to_floating(const Tensor& input);

}  // namespace deepseek
