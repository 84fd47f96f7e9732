#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct LeNetOptions {
  int64_t num_classes = 10;
  int64_t in_channels = 1;
  static constexpr auto fields = std::tuple{nn::field("num_classes", &LeNetOptions::num_classes),
                                            nn::field("in_channels", &LeNetOptions::in_channels, nn::keyword_only)};
};

class LeNet : public nn::Layer<LeNetOptions> {
 public:
  static constexpr const char* doc =
      "LeNet-5 with relu and max pooling: two 5x5 convolutions of 6 and 16 channels, then linear layers of 120, 84 and "
      "num_classes.\n\n"
      "Shapes: input (N, in_channels, 28, 28), output (N, num_classes): scores before the softmax.\n\n"
      "Example:\n    >>> deepseek.models.LeNet()(deepseek.randn(2, 1, 28, 28)).shape\n    (2, 10)";
  explicit LeNet(LeNetOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(LeNet);

// 61,706 parameters with 10 classes.
Ref<LeNet> lenet(int64_t num_classes = 10);

}  // namespace deepseek::models
