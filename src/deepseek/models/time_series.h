#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct TimeSeriesTransformerOptions {
  int64_t features = 17;
  int64_t outputs = 2;
  int64_t steps = 256;
  int64_t d_model = 64;
  int64_t nhead = 4;
  int64_t num_layers = 3;
  int64_t dim_feedforward = 256;
  double dropout = 0.1;
  std::string pool = "mean";
  bool causal = false;
  static constexpr auto fields =
      std::tuple{nn::field("features", &TimeSeriesTransformerOptions::features),
                 nn::field("outputs", &TimeSeriesTransformerOptions::outputs),
                 nn::field("steps", &TimeSeriesTransformerOptions::steps),
                 nn::field("d_model", &TimeSeriesTransformerOptions::d_model),
                 nn::field("nhead", &TimeSeriesTransformerOptions::nhead),
                 nn::field("num_layers", &TimeSeriesTransformerOptions::num_layers),
                 nn::field("dim_feedforward", &TimeSeriesTransformerOptions::dim_feedforward),
                 nn::field("dropout", &TimeSeriesTransformerOptions::dropout),
                 nn::field("pool", &TimeSeriesTransformerOptions::pool),
                 nn::field("causal", &TimeSeriesTransformerOptions::causal)};
};

class TimeSeriesTransformer : public nn::Layer<TimeSeriesTransformerOptions> {
 public:
  static constexpr const char* doc =
      "A transformer over the steps of a series: a projection of the features, learnt positions, `num_layers` encoder "
      "layers (norm "
      "first, gelu), layer norm, the mean or the last of the steps, and a linear head: scores of classes, or numbers "
      "to be fitted.\n\n"
      "Shapes: input (N, L, features) with L at most `steps`, output (N, outputs). `pool` is 'mean' or 'last'; with "
      "`causal` a step sees "
      "earlier ones only.\n\n"
      "Example:\n    >>> deepseek.models.TimeSeriesTransformer(17, 3)(deepseek.randn(2, 256, 17)).shape\n    (2, 3)";
  explicit TimeSeriesTransformer(TimeSeriesTransformerOptions options = {});
  Tensor forward(const Tensor& series) override;
};
DEEPSEEK_MODEL(TimeSeriesTransformer);

Ref<TimeSeriesTransformer> time_series_transformer(TimeSeriesTransformerOptions options = {});

}  // namespace deepseek::models
