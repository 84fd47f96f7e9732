// What the definitions of losses share.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

void check_loss_inputs(const Module& layer, const TensorList& inputs, size_t count, std::string_view names);
// Weights of a loss are buffers, so that they are part of the state and follow to().
std::optional<Tensor> buffer_of(const Module& layer, const char* name);
void check_reduction(std::string_view layer, const std::string& reduction, bool batchmean = false);

#define DEEPSEEK_DEFINE_LOSS_OF(name, options, count, names, checks, ...) \
  name::name(options o) : Layer(std::move(o)) { checks; }                 \
  TensorList name::forward_many(const TensorList& inputs) {               \
    check_loss_inputs(*this, inputs, count, names);                       \
    const auto& o = config;                                               \
    return {__VA_ARGS__};                                                 \
  }
#define DEEPSEEK_DEFINE_LOSS(name, options, checks, ...) \
  DEEPSEEK_DEFINE_LOSS_OF(name, options, 2, "input and target", checks, __VA_ARGS__)
#define DEEPSEEK_DEFINE_LOSS_OF_THREE(name, options, names, checks, ...) \
  DEEPSEEK_DEFINE_LOSS_OF(name, options, 3, names, checks, __VA_ARGS__)

}  // namespace deepseek::nn
