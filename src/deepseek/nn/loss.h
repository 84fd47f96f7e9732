// Losses as modules: called on (input, target).
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

#define DEEPSEEK_LOSS(name, options, text)                              \
  class name : public Layer<options> {                                  \
   public:                                                              \
    static constexpr const char* doc = text;                            \
    explicit name(options o = {});                                      \
    TensorList forward_many(const TensorList& inputs) override;         \
  }

struct NLLOptions {
  OptionalTensor weight = {};
  int64_t ignore_index = -100;
  std::string reduction = "mean";
  static constexpr auto fields = std::tuple{field("weight", &NLLOptions::weight), field("ignore_index", &NLLOptions::ignore_index),
                                            field("reduction", &NLLOptions::reduction)};
};
DEEPSEEK_LOSS(NLLLoss, NLLOptions,
              "Negative log likelihood: minus the log probability of each target class.\n\n"
              "Shapes: input (N, C, *), target (N, *) of integers.");
DEEPSEEK_LAYER(NLLLoss);

struct CrossEntropyOptions {
  OptionalTensor weight = {};
  int64_t ignore_index = -100;
  std::string reduction = "mean";
  double label_smoothing = 0;
  static constexpr auto fields =
      std::tuple{field("weight", &CrossEntropyOptions::weight), field("ignore_index", &CrossEntropyOptions::ignore_index),
                 field("reduction", &CrossEntropyOptions::reduction), field("label_smoothing", &CrossEntropyOptions::label_smoothing)};
};
DEEPSEEK_LOSS(CrossEntropyLoss, CrossEntropyOptions,
              "Cross entropy of scores against target classes (integers) or probabilities.\n\n"
              "Shapes: input (N, C, *), target (N, *) of integers or (N, C, *) of probabilities.\n\n"
              "Example:\n    >>> CrossEntropyLoss()(deepseek.zeros(2, 10), deepseek.tensor([3, 7])).shape\n    ()");
DEEPSEEK_LAYER(CrossEntropyLoss);

}  // namespace deepseek::nn
