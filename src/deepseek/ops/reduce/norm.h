#pragma once
#include <optional>
#include <string_view>

#include "deepseek/graph/tensor.h"
#include "deepseek/ops/types.h"

namespace deepseek {

// sum(|x| ** order) ** (1 / order) along `dim`, all dims when empty.
Tensor p_norm(const Tensor& input, double order, const Dims& dim, bool keepdim, std::optional<DType> dtype, std::string_view op);

// Norms of the matrices in the two dims `dim`.
Tensor matrix_norm_of(std::string_view op, const Tensor& input, const Order& order, const Dims& dim, bool keepdim,
                      std::optional<DType> dtype);

}  // namespace deepseek
