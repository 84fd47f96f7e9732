#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/standardize.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

// A statistic or parameter of the channels as (1, channels, 1, ...).
Tensor per_channel(const Tensor& t, int rank) {
  Shape shape = Dims::filled(rank, 1);
  shape[1] = t.numel();
  return reshape(wide(t), shape);
}

Dims all_but_channels(int rank) {
  Dims dims{0};
  for (int d = 2; d < rank; ++d) dims.push_back(d);
  return dims;
}

// x, mean, variance [, weight [, bias]] -> (x - mean) / sqrt(variance + eps) * weight + bias
struct FixedNorm : Composite {
  static constexpr OpInfo info{.name = "fixed_norm", .onnx = "BatchNormalization"};
  static constexpr Saves saves = Saves::inputs;
  double eps = 1e-5;
  static constexpr auto attrs = std::tuple{&FixedNorm::eps};
  Spec infer(Specs in) const { return *in[0]; }
  void expand(const TensorList& in, TensorList& out) const {
    const int rank = in[0].rank();
    Tensor slope = rsqrt(per_channel(in[2], rank) + eps);
    if (in.size() > 3) slope = slope * per_channel(in[3], rank);
    // One product and one sum for each element, which a convolution before them takes in.
    Tensor shift = -(per_channel(in[1], rank) * slope);
    if (in.size() > 4) shift = per_channel(in[4], rank) + shift;
    const Tensor y = wide(in[0]) * slope + shift;
    out.push_back(cast(y, in[0].dtype()));
  }
  void gradient(Grad& g) const {
    const int rank = g.input_spec().rank();
    const Tensor up = wide(g.grad()), slope = rsqrt(per_channel(g.input(2), rank) + eps);
    const Tensor scaled = g.inputs() > 3 ? slope * per_channel(g.input(3), rank) : slope;
    if (g.needs(0)) g.set(0, up * scaled);
    const auto channels = [&](const Tensor& t) { return sum_over(t, all_but_channels(rank), false); };
    if (g.needs(1)) g.set(1, channels(-(up * scaled)));
    const auto centred = [&] { return wide(g.input(0)) - per_channel(g.input(1), rank); };
    if (g.needs(2)) g.set(2, channels(up * centred() * scaled * slope * slope * -0.5));
    if (g.inputs() > 3 && g.needs(3)) g.set(3, channels(up * centred() * slope));
    if (g.inputs() > 4 && g.needs(4)) g.set(4, channels(up));
  }
};

void check_channels(std::string_view op, const Tensor& x, std::string_view name, const std::optional<Tensor>& t) {
  if (!t) return;
  ensure(t->rank() == 1 && t->shape()[0] == x.shape()[1], op, ": input ", to_string(x.shape()), " has ", x.shape()[1],
         " channels, but ", name, " is ", to_string(t->shape()));
  if (!is_floating_point(t->dtype())) raise_type(op, ": ", name, " must be floating point, but it is ", name_of(t->dtype()));
}

Tensor fixed_norm(const Tensor& x, const Tensor& mean, const Tensor& variance, const std::optional<Tensor>& weight,
                  const std::optional<Tensor>& bias, double eps) {
  TensorList in{x, mean, variance};
  if (weight) in.push_back(*weight);
  if (!weight && bias) in.push_back(filled_like(*bias, 1));
  if (bias) in.push_back(*bias);
  return apply_list(FixedNorm{.eps = eps}, in);
}

// The statistics of a batch move the running ones by `momentum`; the variance without bias. A layer that is only being
// shaped changes nothing.
void update(std::optional<Tensor> running, const Tensor& batch, double momentum) {
  if (!running || modes.shape_only || batch.value().node->symbolic) return;
  const NoGradGuard no_grad;
  running->assign(*running * (1 - momentum) + batch * momentum);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, batch_norm,
                  (const Tensor& input, std::optional<Tensor> running_mean DEFAULT(std::nullopt),
                   std::optional<Tensor> running_var DEFAULT(std::nullopt), std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::optional<Tensor> bias DEFAULT(std::nullopt), bool training DEFAULT(false), double momentum DEFAULT(0.1),
                   double eps DEFAULT(1e-5)),
                  "Each channel of `input` (batch, channels, ...) with its mean taken off and divided by its deviation, times "
                  "`weight` plus `bias` "
                  "(channels).\nIn training the statistics are the batch's, and move the running ones (in place); else the "
                  "running ones are used.") {
  ensure(input.rank() >= 2, "batch_norm: input must be (batch, channels, ...), but it is ", to_string(input.shape()));
  if (!is_floating_point(input.dtype())) raise_type("batch_norm: input must be floating point, but it is ",
                                                    name_of(input.dtype()));
  check_channels("batch_norm", input, "running_mean", running_mean);
  check_channels("batch_norm", input, "running_var", running_var);
  check_channels("batch_norm", input, "weight", weight);
  check_channels("batch_norm", input, "bias", bias);
  if (!training) {
    ensure(running_mean && running_var, "batch_norm: running_mean and running_var are needed outside of training");
    return fixed_norm(input, *running_mean, *running_var, weight, bias, eps);
  }
  const int64_t values = input.shape()[1] == 0 ? 0 : input.numel() / input.shape()[1];
  ensure(values != 1, "batch_norm: training needs more than one value per channel, but input is ", to_string(input.shape()));
  Standardize op;
  op.dims = all_but_channels(input.rank()), op.eps = eps, op.channel_dim = 1;
  const TensorList out = standardize(op, input, weight, bias);
  if (values > 0) {
    update(running_mean, out[1], momentum);
    update(running_var, out[2] * (static_cast<double>(values) / static_cast<double>(values - 1)), momentum);
  }
  return out[0];
}
DEEPSEEK_FACTS(batch_norm, .in = {"functional"},
               .reference = "references.batch_norm(input, running_mean, running_var, weight, bias, training, eps)",
               .good = {"randn(4, 3), training=True", "randn(4, 3, 5), weight=rand(3), bias=randn(3), training=True",
                        "randn(2, 3, 4, 4), randn(3), rand(3), rand(3), randn(3)", "randn(2, 3, 4), randn(3), rand(3)",
                        "randn(2, 3, 4), weight=rand(3), training=True"},
               .bad = {"randn(4, 3)", "randn(4), training=True", "randn(4, 3), randn(4), rand(4)", "randn(1, 3), training=True",
                       "randn(4, 3), weight=randn(2), training=True", "ints(4, 3), training=True"});

DEEPSEEK_FUNCTION(Tensor, instance_norm,
                  (const Tensor& input, std::optional<Tensor> running_mean DEFAULT(std::nullopt),
                   std::optional<Tensor> running_var DEFAULT(std::nullopt), std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::optional<Tensor> bias DEFAULT(std::nullopt), bool use_input_stats DEFAULT(true),
                   double momentum DEFAULT(0.1), double eps DEFAULT(1e-5)),
                  "Each channel of each sample of `input` (batch, channels, space...) with its mean taken off and divided by "
                  "its deviation, "
                  "times `weight` plus `bias` (channels).\nWithout `use_input_stats` the running statistics are used.") {
  ensure(input.rank() >= 3, "instance_norm: input must be (batch, channels, space...), but it is ", to_string(input.shape()));
  if (!is_floating_point(input.dtype())) raise_type("instance_norm: input must be floating point, but it is ",
                                                    name_of(input.dtype()));
  check_channels("instance_norm", input, "running_mean", running_mean);
  check_channels("instance_norm", input, "running_var", running_var);
  check_channels("instance_norm", input, "weight", weight);
  check_channels("instance_norm", input, "bias", bias);
  if (!use_input_stats) {
    ensure(running_mean && running_var, "instance_norm: running_mean and running_var are needed without use_input_stats");
    return fixed_norm(input, *running_mean, *running_var, weight, bias, eps);
  }
  Standardize op;
  for (int d = 2; d < input.rank(); ++d) op.dims.push_back(d);
  op.eps = eps, op.channel_dim = 1;
  int64_t pixels = 1;
  for (int64_t d : op.dims) pixels *= input.shape()[static_cast<int>(d)];
  ensure(pixels != 1, "instance_norm: needs more than one pixel per channel, but input is ", to_string(input.shape()));
  const TensorList out = standardize(op, input, weight, bias);
  if ((running_mean || running_var) && input.numel() > 0) {
    const double batch = 1.0 / static_cast<double>(input.shape()[0]),
        unbiased = static_cast<double>(pixels) / static_cast<double>(pixels - 1);
    update(running_mean, sum_over(out[1], {0}, false) * batch, momentum);
    update(running_var, sum_over(out[2], {0}, false) * (batch * unbiased), momentum);
  }
  return out[0];
}
DEEPSEEK_FACTS(instance_norm, .in = {"functional"},
               .reference = "references.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, eps)",
               .good = {"randn(2, 3, 5)", "randn(2, 3, 4, 4), weight=rand(3), bias=randn(3)",
                        "randn(2, 3, 4), randn(3), rand(3), use_input_stats=False"},
               .bad = {"randn(2, 3)", "randn(2, 3, 1)", "randn(2, 3, 4), weight=randn(2)"});

}  // namespace deepseek
