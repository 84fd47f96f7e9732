// Losses of margins and of distributions as modules.
#pragma once
#include "deepseek/nn/regression_loss.h"

namespace deepseek::nn {

DEEPSEEK_LOSS(SoftMarginLoss, ReductionOptions, "log(1 + exp(-target * input)) for targets 1 and -1.");
DEEPSEEK_LAYER(SoftMarginLoss);

struct HingeEmbeddingOptions {
  double margin = 1;
  std::string reduction = "mean";
  static constexpr auto fields =
      std::tuple{field("margin", &HingeEmbeddingOptions::margin), field("reduction", &HingeEmbeddingOptions::reduction)};
};
DEEPSEEK_LOSS(HingeEmbeddingLoss, HingeEmbeddingOptions, "input where target is 1, max(0, margin - input) where it is -1.");
DEEPSEEK_LAYER(HingeEmbeddingLoss);

struct MarginOptions {
  double margin = 0;
  std::string reduction = "mean";
  static constexpr auto fields = std::tuple{field("margin", &MarginOptions::margin), field("reduction", &MarginOptions::reduction)};
};
DEEPSEEK_LOSS(MarginRankingLoss, MarginOptions,
              "max(0, -target * (input1 - input2) + margin), called on (input1, input2, target): target 1 wants input1 larger, -1 "
              "input2.");
DEEPSEEK_LAYER(MarginRankingLoss);
DEEPSEEK_LOSS(CosineEmbeddingLoss, MarginOptions,
              "1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1; called on (input1, input2, target).");
DEEPSEEK_LAYER(CosineEmbeddingLoss);

struct TripletMarginOptions {
  double margin = 1;
  double p = 2;
  double eps = 1e-6;
  bool swap = false;
  std::string reduction = "mean";
  static constexpr auto fields =
      std::tuple{field("margin", &TripletMarginOptions::margin), field("p", &TripletMarginOptions::p),
                 field("eps", &TripletMarginOptions::eps), field("swap", &TripletMarginOptions::swap),
                 field("reduction", &TripletMarginOptions::reduction)};
};
DEEPSEEK_LOSS(TripletMarginLoss, TripletMarginOptions,
              "max(0, d(anchor, positive) - d(anchor, negative) + margin) with the p-norm along the last dim as d; called on (anchor, "
              "positive, negative). With `swap` the nearer of anchor and positive is compared with negative.");
DEEPSEEK_LAYER(TripletMarginLoss);

struct PoissonNLLOptions {
  bool log_input = true;
  bool full = false;
  double eps = 1e-8;
  std::string reduction = "mean";
  static constexpr auto fields =
      std::tuple{field("log_input", &PoissonNLLOptions::log_input), field("full", &PoissonNLLOptions::full),
                 field("eps", &PoissonNLLOptions::eps), field("reduction", &PoissonNLLOptions::reduction)};
};
DEEPSEEK_LOSS(PoissonNLLLoss, PoissonNLLOptions,
              "The negative log likelihood of counts `target` under the rate exp(input), or input when `log_input` is False.");
DEEPSEEK_LAYER(PoissonNLLLoss);

struct GaussianNLLOptions {
  bool full = false;
  double eps = 1e-6;
  std::string reduction = "mean";
  static constexpr auto fields = std::tuple{field("full", &GaussianNLLOptions::full), field("eps", &GaussianNLLOptions::eps),
                                            field("reduction", &GaussianNLLOptions::reduction)};
};
DEEPSEEK_LOSS(GaussianNLLLoss, GaussianNLLOptions,
              "The negative log likelihood of target under normal distributions with means input and variances var; called on (input, "
              "target, var).");
DEEPSEEK_LAYER(GaussianNLLLoss);

}  // namespace deepseek::nn
