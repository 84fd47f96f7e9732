// The end of a loss: reduction 'none', 'mean' or 'sum'.
#pragma once
#include <string>
#include <string_view>

#include "deepseek/graph/tensor.h"

namespace deepseek::loss {

// Raises on an unknown reduction, with the loss's name.
void check_reduction(const std::string& reduction, std::string_view op);
Tensor reduced(const Tensor& values, const std::string& reduction, std::string_view op);

// A target of another shape would broadcast to a plausible, wrong loss.
void check_same_shape(const Tensor& input, const Tensor& target, std::string_view op, std::string_view target_name = "target");

// Converts both to their common floating type; under autocast to float32, as all losses.
void promote_floating(Tensor& a, Tensor& b);

}  // namespace deepseek::loss
