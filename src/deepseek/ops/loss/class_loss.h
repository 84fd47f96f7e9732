// What the losses over classes share: checks of their arguments, weights per target, the reduction at the end.
#pragma once
#include "deepseek/ops/types.h"

namespace deepseek {

enum class Reduction : uint8_t { none, mean, sum };
Reduction parse_reduction(std::string_view op, const std::string& name);

// Input as (n, classes, ...) and target as int64 (n, ...): a single sample gets a batch dim. Raises where they do not fit.
struct ClassArguments {
  Tensor input, target;
  bool single = false;
};
ClassArguments class_arguments(std::string_view op, const Tensor& input, const Tensor& target, const std::optional<Tensor>& weight);

// (n, ...): the weight of each target's class, or one; zero where the target is `ignore`.
Tensor target_weights(const Tensor& target, const Tensor* weight, int64_t classes, int64_t ignore, DType dtype);

// weight (classes) as (1, classes, 1, ...)
Tensor class_column(const Tensor& weight, int rank);

}  // namespace deepseek
