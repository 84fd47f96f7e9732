#include "deepseek/nn/conv.h"

#include <cmath>

#include "deepseek/nn/init.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

ConvNd::ConvNd(int dims, ConvOptions o) : Layer(std::move(o)), dims_(dims) {
  const std::string name = concat("Conv", dims, "d");
  ensure(config.out_channels >= 1, name, ": out_channels must be at least 1, but is ", config.out_channels);
  ensure(!config.kernel_size.empty(), name, ": kernel_size must be given");
  config.kernel_size = spread(config.kernel_size, dims, name, "kernel_size");
  config.stride = spread(config.stride, dims, name, "stride");
  config.dilation = spread(config.dilation, dims, name, "dilation");
  if (config.padding.mode.empty()) config.padding = spread(config.padding.sizes, dims, name, "padding", 0);
  else {
    ensure(config.padding.mode == "same" || config.padding.mode == "valid", name,
           ": padding must be numbers, 'same' or 'valid', but is '", config.padding.mode, "'");
    for (int64_t s : config.stride.dims) {
      ensure(config.padding.mode != "same" || s == 1, name, ": padding='same' needs stride 1, but stride is ",
             to_string(config.stride.dims));
    }
  }
  ensure(config.groups >= 1 && config.out_channels % config.groups == 0, name, ": out_channels must be a multiple of groups, but is ",
         config.out_channels, " for groups=", config.groups);
  const std::string& mode = config.padding_mode;
  ensure(mode == "zeros" || mode == "reflect" || mode == "replicate" || mode == "circular", name,
         ": padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', but is '", mode, "'");
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (config.in_channels) set_width(*config.in_channels);
}

void ConvNd::build(int64_t width) {
  const std::string name = concat("Conv", dims_, "d");
  ensure(width >= 1 && width % config.groups == 0, name, ": input channels must be a multiple of groups, but are ", width,
         " for groups=", config.groups);
  Shape shape{config.out_channels, width / config.groups};
  for (int64_t k : config.kernel_size.dims) shape.push_back(k);
  // kaiming_uniform with a = sqrt(5), torch's default: both bounds are 1 / sqrt(fan_in).
  const double bound = 1 / std::sqrt(static_cast<double>(shape.numel() / config.out_channels));
  set_parameter("weight", make_parameter(init::uniform(shape, -bound, bound)));
  if (config.bias) set_parameter("bias", make_parameter(init::uniform({config.out_channels}, -bound, bound)));
  config.in_channels = width;
}

void ConvNd::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight" && shape.size() == dims_ + 2 && shape[1] >= 1) set_width(shape[1] * config.groups);
}

Tensor ConvNd::forward(const Tensor& input) {
  ensure(input.rank() == dims_ + 2 || input.rank() == dims_ + 1, type_name(), ": the input must have ", dims_ + 2, " dims (or ",
         dims_ + 1, " without batch), but is ", to_string(input.shape()));
  learn(input, input.rank() - dims_ - 1, "channels");
  const Tensor& weight = parameter("weight");
  std::optional<Tensor> bias;
  if (parameter("bias").defined()) bias = parameter("bias");
  Tensor x = input;
  Padding padding = config.padding;
  if (config.padding_mode != "zeros") {
    // Pairs per dim, last dim first, as `pad` wants them.
    Dims pairs;
    for (int i = dims_ - 1; i >= 0; --i) {
      int64_t before, after;
      if (padding.mode == "same") {
        const int64_t total = config.dilation.dims[i] * (config.kernel_size.dims[i] - 1);
        before = total / 2, after = total - before;
      } else {
        before = after = padding.mode.empty() ? padding.sizes[i] : 0;
      }
      pairs.push_back(before), pairs.push_back(after);
    }
    x = pad(x, pairs, config.padding_mode);
    padding = Padding(0);
  }
  const Dims &stride = config.stride.dims, &dilation = config.dilation.dims;
  if (dims_ == 1) return conv1d(x, weight, bias, stride, padding, dilation, config.groups);
  if (dims_ == 2) return conv2d(x, weight, bias, stride, padding, dilation, config.groups);
  return conv3d(x, weight, bias, stride, padding, dilation, config.groups);
}

}  // namespace deepseek::nn
