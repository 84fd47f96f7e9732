#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct DropoutOptions {
  double p = 0.5;
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("p", &DropoutOptions::p), field("inplace", &DropoutOptions::inplace)};
};

#define DEEPSEEK_DROPOUT(name, text)                                       \
  class name : public Layer<DropoutOptions> {                              \
   public:                                                                 \
    static constexpr const char* doc = text;                               \
    explicit name(DropoutOptions options = {});                            \
    explicit name(double p) : name(DropoutOptions{.p = p}) {}              \
    Tensor forward(const Tensor& input) override;                          \
  }

DEEPSEEK_DROPOUT(Dropout,
                 "In training, zeroes elements with probability p and scales the rest by 1 / (1 - p); does nothing in evaluation.\n\n"
                 "Example:\n    >>> Dropout(0.1).eval()(deepseek.ones(2, 3)).shape\n    (2, 3)");
DEEPSEEK_LAYER(Dropout);
DEEPSEEK_DROPOUT(Dropout1d, "Dropout of whole channels; input (N, C, L).");
DEEPSEEK_LAYER(Dropout1d);
DEEPSEEK_DROPOUT(Dropout2d, "Dropout of whole channels; input (N, C, H, W).");
DEEPSEEK_LAYER(Dropout2d);
DEEPSEEK_DROPOUT(Dropout3d, "Dropout of whole channels; input (N, C, D, H, W).");
DEEPSEEK_LAYER(Dropout3d);
DEEPSEEK_DROPOUT(AlphaDropout, "Dropout for networks of SELU: keeps mean 0 and variance 1; any shape.");
DEEPSEEK_LAYER(AlphaDropout);
DEEPSEEK_DROPOUT(FeatureAlphaDropout, "AlphaDropout of whole channels; input (N, C, *).");
DEEPSEEK_LAYER(FeatureAlphaDropout);

}  // namespace deepseek::nn
