#include "deepseek/models/time_series.h"

#include "deepseek/graph/operators.h"
#include "deepseek/models/parts.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/symbolic.h"
#include "deepseek/nn/transformer.h"
#include "deepseek/ops.h"
#include "deepseek/ops/attention/attention.h"

namespace deepseek::models {

TimeSeriesTransformer::TimeSeriesTransformer(TimeSeriesTransformerOptions o) : Layer(std::move(o)) {
  ensure(config.features >= 1 && config.outputs >= 1 && config.steps >= 1 && config.num_layers >= 0,
         "TimeSeriesTransformer: features, outputs and steps must be at least 1, num_layers at least 0, but they are ",
         config.features, ", ", config.outputs, ", ", config.steps, " and ", config.num_layers);
  ensure(config.pool == "mean" || config.pool == "last",
         "TimeSeriesTransformer: pool must be 'mean' or 'last', but is '", config.pool, "'");
  add<nn::Linear>("input", nn::LinearOptions{.out_features = config.d_model, .in_features = config.features});
  Tensor places = zeros({1, config.steps, config.d_model}, modes.default_dtype);
  if (!nn::init::skip) nn::init::normal_(places, 0, 0.02);
  register_parameter("positions", nn::make_parameter(places));
  const nn::TransformerLayerOptions layer{.d_model = config.d_model,
                                          .nhead = config.nhead,
                                          .dim_feedforward = config.dim_feedforward,
                                          .dropout = config.dropout,
                                          .activation = "gelu",
                                          .batch_first = true,
                                          .norm_first = true};
  std::vector<Ref<nn::Module>> layers;
  for (int64_t i = 0; i < config.num_layers; ++i)
    layers.push_back(Ref<nn::Module>(nn::make<nn::TransformerEncoderLayer>(layer).get()));
  const auto norm = nn::make<nn::LayerNorm>(nn::LayerNormOptions{.normalized_shape = config.d_model});
  register_module("encoder",
                  Ref<nn::Module>(nn::make<nn::TransformerEncoder>(layers, Ref<nn::Module>(norm.get())).get()));
  add<nn::Linear>("head", nn::LinearOptions{.out_features = config.outputs, .in_features = config.d_model});
}

Tensor TimeSeriesTransformer::forward(const Tensor& series) {
  ensure(
      series.rank() == 3 && series.size(2) == config.features && series.size(1) >= 1 && series.size(1) <= config.steps,
      "TimeSeriesTransformer: the input must be (batch, 1 to ", config.steps, " steps, ", config.features,
      " features), but is ", nn::symbolic_shape(series.shape()));
  const int64_t steps = series.size(1);
  const Tensor x = (*find_child("input"))(series) + slice(parameter("positions"), 1, 0, steps, 1);
  nn::Module& encoder = *find_child("encoder");
  Tensor y;
  if (config.causal) {
    LayerScope scope(encoder.scope_name());
    y = encoder.forward_named({x}, {{"mask", ~causal_mask(steps, steps)}, {"is_causal", true}})[0];
  } else {
    y = encoder(x);
  }
  return (*find_child("head"))(config.pool == "mean" ? mean(y, {1}) : select(y, 1, steps - 1));
}

Ref<TimeSeriesTransformer> time_series_transformer(TimeSeriesTransformerOptions options) {
  return nn::make<TimeSeriesTransformer>(std::move(options));
}

}  // namespace deepseek::models
