#pragma once
#include "deepseek/nn/conv.h"
#include "deepseek/nn/linear.h"

namespace deepseek::models {

struct DigitsNetOptions {
  int64_t num_classes = 10;
  nn::Sizes channels = {32, 64};
  int64_t hidden = 128;
  std::optional<int64_t> in_channels = {};
  static constexpr auto fields = std::tuple{
      nn::field("num_classes", &DigitsNetOptions::num_classes), nn::field("channels", &DigitsNetOptions::channels),
      nn::field("hidden", &DigitsNetOptions::hidden), nn::field("in_channels", &DigitsNetOptions::in_channels, nn::keyword_only)};
};

class DigitsNet : public nn::Layer<DigitsNetOptions> {
 public:
  static constexpr const char* doc =
      "A small network for handwritten digits: two 3x3 convolutions with relu and max pooling, then two linear layers.\n\n"
      "Shapes: input (N, C, H, W) with H and W at least 4, output (N, num_classes): scores before the softmax.\n\n"
      "Example:\n    >>> deepseek.models.DigitsNet()(deepseek.randn(2, 1, 28, 28)).shape\n    (2, 10)";
  explicit DigitsNet(DigitsNetOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(DigitsNet);

}  // namespace deepseek::models
