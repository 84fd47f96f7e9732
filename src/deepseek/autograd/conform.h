// Gives a gradient the shape and element type of the value it belongs to.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek::autograd {

// Sums over what broadcasting added, expands what a rule left small, converts. Other shapes are a bug of the rule of `op`.
void conform(Tensor& gradient, const Spec& to, std::string_view op);

}  // namespace deepseek::autograd
