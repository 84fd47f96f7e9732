// Losses between numbers or probabilities as modules: called on (input, target).
#pragma once
#include "deepseek/nn/loss.h"

namespace deepseek::nn {

struct ReductionOptions {
  std::string reduction = "mean";
  static constexpr auto fields = std::tuple{field("reduction", &ReductionOptions::reduction)};
};
DEEPSEEK_LOSS(MSELoss, ReductionOptions, "The mean of (input - target) ** 2; 'sum' and 'none' as `reduction`.");
DEEPSEEK_LAYER(MSELoss);
DEEPSEEK_LOSS(L1Loss, ReductionOptions, "The mean of |input - target|; 'sum' and 'none' as `reduction`.");
DEEPSEEK_LAYER(L1Loss);

struct SmoothL1Options {
  std::string reduction = "mean";
  double beta = 1;
  static constexpr auto fields = std::tuple{field("reduction", &SmoothL1Options::reduction), field("beta", &SmoothL1Options::beta)};
};
DEEPSEEK_LOSS(SmoothL1Loss, SmoothL1Options, "d ** 2 / (2 * beta) where |d| < beta, |d| - beta / 2 elsewhere; d = input - target.");
DEEPSEEK_LAYER(SmoothL1Loss);

struct HuberOptions {
  std::string reduction = "mean";
  double delta = 1;
  static constexpr auto fields = std::tuple{field("reduction", &HuberOptions::reduction), field("delta", &HuberOptions::delta)};
};
DEEPSEEK_LOSS(HuberLoss, HuberOptions, "d ** 2 / 2 where |d| < delta, delta * (|d| - delta / 2) elsewhere; d = input - target.");
DEEPSEEK_LAYER(HuberLoss);

struct KLDivOptions {
  std::string reduction = "mean";
  bool log_target = false;
  static constexpr auto fields =
      std::tuple{field("reduction", &KLDivOptions::reduction), field("log_target", &KLDivOptions::log_target)};
};
DEEPSEEK_LOSS(KLDivLoss, KLDivOptions,
              "target * (log(target) - input) of log probabilities `input`; 'batchmean' is the mathematical divergence per sample.");
DEEPSEEK_LAYER(KLDivLoss);

struct WeightedOptions {
  OptionalTensor weight = {};
  std::string reduction = "mean";
  static constexpr auto fields = std::tuple{field("weight", &WeightedOptions::weight), field("reduction", &WeightedOptions::reduction)};
};
DEEPSEEK_LOSS(BCELoss, WeightedOptions, "Binary cross entropy of probabilities: -(t * log(p) + (1 - t) * log(1 - p)).");
DEEPSEEK_LAYER(BCELoss);

struct BCEWithLogitsOptions {
  OptionalTensor weight = {};
  std::string reduction = "mean";
  OptionalTensor pos_weight = {};
  static constexpr auto fields =
      std::tuple{field("weight", &BCEWithLogitsOptions::weight), field("reduction", &BCEWithLogitsOptions::reduction),
                 field("pos_weight", &BCEWithLogitsOptions::pos_weight)};
};
DEEPSEEK_LOSS(BCEWithLogitsLoss, BCEWithLogitsOptions, "Binary cross entropy of scores before the sigmoid, without overflow.");
DEEPSEEK_LAYER(BCEWithLogitsLoss);

}  // namespace deepseek::nn
