#include "deepseek/graph/operators.h"
#include "deepseek/nn/norm.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/norm/standardize.h"

namespace deepseek::nn {
namespace {

Tensor constant(int64_t n, double value) { return filled({n}, cast(Tensor(value), modes.default_dtype)); }

std::optional<Tensor> optional_of(const Tensor& t) { return t.defined() ? std::optional(t) : std::nullopt; }

}  // namespace

template <class O>
ChannelNorm<O>::ChannelNorm(O o, int least_rank, int most_rank, bool per_image)
    : Layer<O, SizedLayer>(std::move(o)), least_rank_(least_rank), most_rank_(most_rank), per_image_(per_image) {
  for (const char* name : {"weight", "bias"}) this->register_parameter(name, Tensor());
  for (const char* name : {"running_mean", "running_var", "num_batches_tracked"}) this->register_buffer(name, Tensor());
  if (config.num_features) this->set_width(*config.num_features);
}

template <class O>
void ChannelNorm<O>::build(int64_t width) {
  ensure(width >= 1, "BatchNorm: num_features must be at least 1, but is ", width);
  if (config.affine) {
    this->set_parameter("weight", make_parameter(constant(width, 1)));
    this->set_parameter("bias", make_parameter(constant(width, 0)));
  }
  if (config.track_running_stats) {
    this->set_buffer("running_mean", constant(width, 0));
    this->set_buffer("running_var", constant(width, 1));
    this->set_buffer("num_batches_tracked", Tensor::from_vector<int64_t>({0}, {}));
    evaluate({this->buffer("running_mean"), this->buffer("running_var")});
  }
  config.num_features = width;
}

template <class O>
void ChannelNorm<O>::build_from(std::string_view name, const Shape& shape) {
  if (name != "num_batches_tracked" && shape.size() == 1 && shape[0] >= 1) this->set_width(shape[0]);
}

// Running statistics move towards the batch's; the variance is that of a sample, as in torch.
template <class O>
void ChannelNorm<O>::track(const Tensor& mean, const Tensor& variance, int64_t count) {
  NoGradGuard no_grad;
  Tensor running_mean = this->buffer("running_mean"), running_var = this->buffer("running_var");
  Tensor batches = this->buffer("num_batches_tracked");
  batches.assign(batches + 1);
  const Tensor weight = config.momentum ? Tensor(*config.momentum) : 1.0 / cast(batches, running_mean.dtype());
  const double unbiased = count > 1 ? static_cast<double>(count) / static_cast<double>(count - 1) : 1.0;
  running_mean.assign(running_mean + (mean.detach() - running_mean) * weight);
  running_var.assign(running_var + (variance.detach() * unbiased - running_var) * weight);
}

template <class O>
Tensor ChannelNorm<O>::forward(const Tensor& input) {
  const int rank = input.rank();
  if (per_image_ && rank == least_rank_ - 1) return squeeze(forward(unsqueeze(input, 0)), {0});
  if (rank < least_rank_ || rank > most_rank_) {
    raise_value(this->type_name(), ": the input must have ", least_rank_, least_rank_ == most_rank_ ? "" : concat(" or ", most_rank_),
                " dims, but is ", to_string(input.shape()));
  }
  this->learn(input, 1, "channels");
  const std::optional<Tensor> weight = optional_of(this->parameter("weight")), bias = optional_of(this->parameter("bias"));
  const bool own = this->training || !this->buffer("running_mean").defined();  // the batch's own statistics
  if (!own) {
    return batch_norm(input, this->buffer("running_mean"), this->buffer("running_var"), weight, bias, false, 0.1, config.eps);
  }
  Standardize op;
  op.eps = config.eps;
  op.channel_dim = 1;
  for (int d = per_image_ ? 2 : 0; d < rank; ++d) {
    if (d != 1) op.dims.push_back(d);
  }
  int64_t count = 1;
  for (int64_t d : op.dims) count *= input.shape()[static_cast<int>(d)];
  if (modes.shape_only) return input;
  ensure(count > 1 || !this->training, this->type_name(), ": training needs more than one value per channel, but the input is ",
         to_string(input.shape()));
  const TensorList out = standardize(op, input, weight, bias);
  if (this->training && this->buffer("running_mean").defined()) {
    const Tensor mean = per_image_ ? deepseek::mean(out[1], {0}) : out[1], variance = per_image_ ? deepseek::mean(out[2], {0}) : out[2];
    track(mean, variance, count);
  }
  return out[0];
}

template class ChannelNorm<BatchNormOptions>;
template class ChannelNorm<InstanceNormOptions>;

}  // namespace deepseek::nn
