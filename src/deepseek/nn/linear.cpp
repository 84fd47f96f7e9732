#include "deepseek/nn/linear.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"

namespace deepseek::nn {

Linear::Linear(LinearOptions o) : Layer(std::move(o)) {
  ensure(config.out_features >= 1, "Linear: out_features must be at least 1, but is ", config.out_features);
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (config.in_features) {
    ensure(*config.in_features >= 1, "Linear: in_features must be at least 1, but is ", *config.in_features);
    set_width(*config.in_features);
  }
}

Linear::Linear(int64_t out_features, LinearOptions more) : Linear((more.out_features = out_features, more)) {}

void Linear::build(int64_t width) {
  ensure(width >= 1, "Linear: the input must have at least one feature");
  // kaiming_uniform with a = sqrt(5), which is torch's default: both bounds are 1 / sqrt(in_features).
  const double bound = 1 / std::sqrt(static_cast<double>(width));
  set_parameter("weight", make_parameter(init::uniform({config.out_features, width}, -bound, bound)));
  if (config.bias) set_parameter("bias", make_parameter(init::uniform({config.out_features}, -bound, bound)));
  config.in_features = width;
}

void Linear::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight" && shape.size() == 2 && shape[1] >= 1) set_width(shape[1]);
}

Tensor Linear::forward(const Tensor& input) {
  ensure(input.rank() >= 1, type_name(), ": the input must have at least one dim, but is 0-d");
  learn(input, -1, "features");
  const Tensor& bias = parameter("bias");
  return linear(input, parameter("weight"), bias.defined() ? std::optional(bias) : std::nullopt);
}

Bilinear::Bilinear(BilinearOptions o) : Layer(std::move(o)) {
  ensure(config.out_features >= 1, "Bilinear: out_features must be at least 1, but is ", config.out_features);
  register_parameter("weight", Tensor());
  register_parameter("bias", Tensor());
  if (config.in1_features && config.in2_features) build(*config.in1_features, *config.in2_features);
}

void Bilinear::build(int64_t in1, int64_t in2) {
  ensure(in1 >= 1 && in2 >= 1, "Bilinear: inputs must have at least one feature, but have ", in1, " and ", in2);
  NoGradGuard no_grad;
  const double bound = 1 / std::sqrt(static_cast<double>(in1));
  set_parameter("weight", make_parameter(init::uniform({config.out_features, in1, in2}, -bound, bound)));
  if (config.bias) set_parameter("bias", make_parameter(init::uniform({config.out_features}, -bound, bound)));
  config.in1_features = in1;
  config.in2_features = in2;
}

void Bilinear::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight" && shape.size() == 3) build(shape[1], shape[2]);
}

TensorList Bilinear::forward_many(const TensorList& inputs) {
  if (inputs.size() != 2) raise_type(type_name(), ": forward takes two tensors, but ", inputs.size(), " are given");
  const Tensor &a = inputs[0], &b = inputs[1];
  ensure(a.rank() >= 1 && b.rank() >= 1, type_name(), ": inputs must have at least one dim");
  if (!built()) build(a.size(-1), b.size(-1));
  const Tensor& weight = parameter("weight");
  ensure(a.size(-1) == weight.size(1) && b.size(-1) == weight.size(2), type_name(), ": the layer was made for inputs of ",
         weight.size(1), " and ", weight.size(2), " features, but the inputs are ", to_string(a.shape()), " and ", to_string(b.shape()));
  // (*, 1, in1) x (out, in1, in2) -> per output a row; then the dot product with the second input.
  const Tensor rows = matmul(unsqueeze(unsqueeze(a, -2), -2), weight);
  Tensor y = squeeze(matmul(rows, unsqueeze(unsqueeze(b, -1), -3)), Dims{-1});
  y = squeeze(y, Dims{-1});
  if (parameter("bias").defined()) y = y + autocast_lower(parameter("bias"));
  return {y};
}

}  // namespace deepseek::nn
