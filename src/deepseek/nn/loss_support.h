// What the definitions of losses share.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

void check_loss_inputs(const Module& layer, const TensorList& inputs);
void check_reduction(std::string_view layer, const std::string& reduction, bool batchmean = false);

#define DEEPSEEK_DEFINE_LOSS(name, options, checks, ...)                \
  name::name(options o) : Layer(std::move(o)) { checks; }               \
  TensorList name::forward_many(const TensorList& inputs) {             \
    check_loss_inputs(*this, inputs);                                           \
    const auto& o = config;                                             \
    return {__VA_ARGS__};                                               \
  }

}  // namespace deepseek::nn
