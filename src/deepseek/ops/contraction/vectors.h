// Products that are added to something.
#pragma once
#include <string_view>

#include "deepseek/graph/tensor.h"

namespace deepseek::contraction {

// beta * input + alpha * product, input broadcast to the product's shape. A beta of zero drops input whatever it holds, NaN too.
Tensor added(std::string_view op, const Tensor& input, const Tensor& product, double beta, double alpha);

}  // namespace deepseek::contraction
