#include "deepseek/nn/norm.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {
namespace {

Tensor constant(const Shape& shape, double value) {
  return make_parameter(filled(shape, cast(Tensor(value), modes.default_dtype)));
}

std::optional<Tensor> optional_of(const Tensor& t) { return t.defined() ? std::optional(t) : std::nullopt; }

// The layer's trailing dims must be the input's.
void check_trailing(const Module& layer, const Tensor& input, const Dims& shape) {
  const int skip = input.rank() - shape.size();
  bool equal = skip >= 0;
  for (int i = 0; equal && i < shape.size(); ++i) equal = input.shape()[skip + i] == shape[i];
  ensure(equal, layer.type_name(), ": the layer was made for inputs that end in ", to_string(shape), ", but the input is ",
         to_string(input.shape()));
}

}  // namespace

LayerNorm::LayerNorm(LayerNormOptions o) : Layer(std::move(o)) {
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (!config.normalized_shape.empty()) set_width(config.normalized_shape.dims.numel());
}

void LayerNorm::build(int64_t width) {
  if (config.normalized_shape.empty()) config.normalized_shape = Sizes(width);
  for (int64_t n : config.normalized_shape.dims) ensure(n >= 1, "LayerNorm: normalized_shape must be positive, but is ", to_string(config.normalized_shape.dims));
  if (!config.elementwise_affine) return;
  set_parameter("weight", constant(config.normalized_shape.dims, 1));
  if (config.bias) set_parameter("bias", constant(config.normalized_shape.dims, 0));
}

void LayerNorm::build_from(std::string_view, const Shape& shape) {
  if (shape.size() == 1) set_width(shape[0]);
}

Tensor LayerNorm::forward(const Tensor& input) {
  ensure(input.rank() >= 1, type_name(), ": the input must have at least one dim, but is 0-d");
  if (!built()) learn(input, -1, "features");
  check_trailing(*this, input, config.normalized_shape.dims);
  return layer_norm(input, config.normalized_shape.dims, optional_of(parameter("weight")), optional_of(parameter("bias")), config.eps);
}

RMSNorm::RMSNorm(RMSNormOptions o) : Layer(std::move(o)) {
  register_parameter("weight", Tensor());
  if (!config.normalized_shape.empty()) set_width(config.normalized_shape.dims.numel());
}

void RMSNorm::build(int64_t width) {
  if (config.normalized_shape.empty()) config.normalized_shape = Sizes(width);
  if (config.elementwise_affine) set_parameter("weight", constant(config.normalized_shape.dims, 1));
}

void RMSNorm::build_from(std::string_view, const Shape& shape) {
  if (shape.size() == 1) set_width(shape[0]);
}

Tensor RMSNorm::forward(const Tensor& input) {
  ensure(input.rank() >= 1, type_name(), ": the input must have at least one dim, but is 0-d");
  if (!built()) learn(input, -1, "features");
  check_trailing(*this, input, config.normalized_shape.dims);
  return rms_norm(input, config.normalized_shape.dims, optional_of(parameter("weight")), config.eps);
}

GroupNorm::GroupNorm(GroupNormOptions o) : Layer(std::move(o)) {
  ensure(config.num_groups >= 1, "GroupNorm: num_groups must be at least 1, but is ", config.num_groups);
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (config.num_channels) set_width(*config.num_channels);
}

void GroupNorm::build(int64_t width) {
  ensure(width >= 1 && width % config.num_groups == 0, "GroupNorm: the channels must be a multiple of num_groups, but are ", width,
         " for num_groups=", config.num_groups);
  if (config.affine) {
    set_parameter("weight", constant({width}, 1));
    if (config.bias) set_parameter("bias", constant({width}, 0));
  }
  config.num_channels = width;
}

void GroupNorm::build_from(std::string_view, const Shape& shape) {
  if (shape.size() == 1 && shape[0] >= 1) set_width(shape[0]);
}

Tensor GroupNorm::forward(const Tensor& input) {
  ensure(input.rank() >= 2, type_name(), ": the input must have at least 2 dims, but is ", to_string(input.shape()));
  learn(input, 1, "channels");
  return group_norm(input, config.num_groups, optional_of(parameter("weight")), optional_of(parameter("bias")), config.eps);
}

Tensor LocalResponseNorm::forward(const Tensor& input) {
  return local_response_norm(input, config.size, config.alpha, config.beta, config.k);
}

}  // namespace deepseek::nn
