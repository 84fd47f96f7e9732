// What the networks of this folder share.
#pragma once
#include "deepseek/models/children.h"
#include "deepseek/nn/conv.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/sequential.h"

namespace deepseek::models {

inline nn::Module& put(nn::Module& m, const std::string& name, nn::Module* child) {
  m.register_module(name, Ref<nn::Module>(child));
  return *child;
}
template <class T>
nn::Module& put(nn::Module& m, const std::string& name, const Ref<T>& child) {
  return put(m, name, child.get());
}

// A convolution without bias that batch norm follows, with He's initial values.
inline Ref<nn::Conv2d> conv2d_he(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = -1,
                                 int64_t groups = 1) {
  auto layer = nn::make<nn::Conv2d>(nn::ConvOptions{.out_channels = out,
                                                    .kernel_size = kernel,
                                                    .stride = stride,
                                                    .padding = padding < 0 ? (kernel - 1) / 2 : padding,
                                                    .groups = groups,
                                                    .bias = false,
                                                    .in_channels = in});
  if (!nn::init::skip) nn::init::kaiming_normal_(layer->parameter("weight"), 0, "fan_out", "relu").eval();
  return layer;
}
inline Ref<nn::BatchNorm2d> norm2d(int64_t channels) {
  return nn::make<nn::BatchNorm2d>(nn::BatchNormOptions{.num_features = channels});
}

}  // namespace deepseek::models
