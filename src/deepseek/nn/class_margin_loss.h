// Losses of scores for classes with a margin, and of sequences of labels.
#pragma once
#include "deepseek/nn/regression_loss.h"

namespace deepseek::nn {

struct MultiMarginOptions {
  int64_t p = 1;
  double margin = 1;
  OptionalTensor weight = {};
  std::string reduction = "mean";
  static constexpr auto fields =
      std::tuple{field("p", &MultiMarginOptions::p), field("margin", &MultiMarginOptions::margin),
                 field("weight", &MultiMarginOptions::weight), field("reduction", &MultiMarginOptions::reduction)};
};
DEEPSEEK_LOSS(MultiMarginLoss, MultiMarginOptions,
              "The sum over all classes i but the target y of max(0, margin - input[y] + input[i]) ** p, divided by "
              "the number of "
              "classes.\n\nShapes: input (N, C) or (C), target (N) or () of integers.");
DEEPSEEK_LAYER(MultiMarginLoss);
DEEPSEEK_LOSS(MultiLabelMarginLoss, ReductionOptions,
              "The sum of max(0, 1 - input[y] + input[i]) over target classes y and other classes i, divided by the "
              "number of classes.\n\n"
              "Shapes: input (N, C) or (C), target the same: integers, of which those in front of the first -1 count.");
DEEPSEEK_LAYER(MultiLabelMarginLoss);

struct WeightedLossOptions {
  OptionalTensor weight = {};
  std::string reduction = "mean";
  static constexpr auto fields =
      std::tuple{field("weight", &WeightedLossOptions::weight), field("reduction", &WeightedLossOptions::reduction)};
};
DEEPSEEK_LOSS(MultiLabelSoftMarginLoss, WeightedLossOptions,
              "The binary cross entropy of scores (N, C) against targets (N, C), averaged over the classes.");
DEEPSEEK_LAYER(MultiLabelSoftMarginLoss);

struct CTCOptions {
  int64_t blank = 0;
  std::string reduction = "mean";
  bool zero_infinity = false;
  static constexpr auto fields =
      std::tuple{field("blank", &CTCOptions::blank), field("reduction", &CTCOptions::reduction),
                 field("zero_infinity", &CTCOptions::zero_infinity)};
};
DEEPSEEK_LOSS(
    CTCLoss, CTCOptions,
    "Connectionist temporal classification (Graves et al., 2006): minus the logarithm of the probability that a "
    "sequence spells "
    "its labels, called on (log_probs, targets, input_lengths, target_lengths).\n\n"
    "Shapes: log_probs (T, N, C) or (T, C) from log_softmax, targets (N, S) or all joined to one vector, lengths (N).");
DEEPSEEK_LAYER(CTCLoss);

}  // namespace deepseek::nn
