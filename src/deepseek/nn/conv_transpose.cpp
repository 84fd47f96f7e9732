#include "deepseek/nn/conv_transpose.h"

#include <cmath>

#include "deepseek/nn/init.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

ConvTransposeNd::ConvTransposeNd(int dims, ConvTransposeOptions o) : Layer(std::move(o)), dims_(dims) {
  const std::string name = concat("ConvTranspose", dims, "d");
  ensure(config.out_channels >= 1, name, ": out_channels must be at least 1, but is ", config.out_channels);
  ensure(!config.kernel_size.empty(), name, ": kernel_size must be given");
  config.kernel_size = spread(config.kernel_size, dims, name, "kernel_size");
  config.stride = spread(config.stride, dims, name, "stride");
  config.padding = spread(config.padding, dims, name, "padding", 0);
  config.output_padding = spread(config.output_padding, dims, name, "output_padding", 0);
  config.dilation = spread(config.dilation, dims, name, "dilation");
  ensure(config.groups >= 1 && config.out_channels % config.groups == 0, name, ": out_channels must be a multiple of groups, but is ",
         config.out_channels, " for groups=", config.groups);
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (config.in_channels) set_width(*config.in_channels);
}

void ConvTransposeNd::build(int64_t width) {
  ensure(width >= 1 && width % config.groups == 0, "ConvTranspose", dims_, "d: input channels must be a multiple of groups, but are ",
         width, " for groups=", config.groups);
  Shape shape{width, config.out_channels / config.groups};
  for (int64_t k : config.kernel_size.dims) shape.push_back(k);
  // torch counts the fan of the transposed weight along dim 1.
  const double bound = 1 / std::sqrt(static_cast<double>(shape.numel() / width));
  set_parameter("weight", make_parameter(init::uniform(shape, -bound, bound)));
  if (config.bias) set_parameter("bias", make_parameter(init::uniform({config.out_channels}, -bound, bound)));
  config.in_channels = width;
}

void ConvTransposeNd::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight" && shape.size() == dims_ + 2 && shape[0] >= 1) set_width(shape[0]);
}

Tensor ConvTransposeNd::forward(const Tensor& input) {
  ensure(input.rank() == dims_ + 2 || input.rank() == dims_ + 1, type_name(), ": the input must have ", dims_ + 2, " dims (or ",
         dims_ + 1, " without batch), but is ", to_string(input.shape()));
  learn(input, input.rank() - dims_ - 1, "channels");
  const Tensor& weight = parameter("weight");
  const std::optional<Tensor> bias = parameter("bias").defined() ? std::optional(parameter("bias")) : std::nullopt;
  const auto& o = config;
  if (dims_ == 1) {
    return conv_transpose1d(input, weight, bias, o.stride.dims, o.padding.dims, o.output_padding.dims, o.groups, o.dilation.dims);
  }
  if (dims_ == 2) {
    return conv_transpose2d(input, weight, bias, o.stride.dims, o.padding.dims, o.output_padding.dims, o.groups, o.dilation.dims);
  }
  return conv_transpose3d(input, weight, bias, o.stride.dims, o.padding.dims, o.output_padding.dims, o.groups, o.dilation.dims);
}

}  // namespace deepseek::nn
