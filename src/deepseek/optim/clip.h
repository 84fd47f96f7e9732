// Limits on gradients, between backward() and step().
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek::nn::utils {

// Scales all gradients by one factor so that the norm over all of them is at most max_norm; returns the norm before. Nothing is
// computed yet: the factor is part of the step's plan. norm_type may be infinity.
Tensor clip_grad_norm_(const TensorList& parameters, double max_norm, double norm_type = 2.0, bool error_if_nonfinite = false);

// Limits every entry of the gradients to [-clip_value, clip_value].
void clip_grad_value_(const TensorList& parameters, double clip_value);

// The norm over all tensors, as one 0-d tensor.
Tensor get_total_norm(const TensorList& tensors, double norm_type = 2.0, bool error_if_nonfinite = false);

}  // namespace deepseek::nn::utils
