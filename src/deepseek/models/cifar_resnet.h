#pragma once
#include "deepseek/models/residual_blocks.h"

namespace deepseek::models {

struct CifarResNetOptions {
  int64_t depth = 20;
  int64_t num_classes = 10;
  std::string shortcut = "pad";
  int64_t in_channels = 3;
  static constexpr auto fields = std::tuple{
      nn::field("depth", &CifarResNetOptions::depth), nn::field("num_classes", &CifarResNetOptions::num_classes),
      nn::field("shortcut", &CifarResNetOptions::shortcut),
      nn::field("in_channels", &CifarResNetOptions::in_channels, nn::keyword_only)};
};

class CifarResNet : public nn::Layer<CifarResNetOptions> {
 public:
  static constexpr const char* doc =
      "Residual network for small images: three stages of basic blocks with 16, 32 and 64 planes. `depth` is 6n + 2 "
      "for n blocks a "
      "stage. With shortcut='pad' (the original's) shortcuts have no parameters. Parameter names are those of "
      "akamaster's "
      "pytorch_resnet_cifar10.\n\n"
      "Shapes: input (N, in_channels, H, W), output (N, num_classes): scores before the softmax.\n\n"
      "Example:\n    >>> deepseek.models.CifarResNet(20)(deepseek.randn(2, 3, 32, 32)).shape\n    (2, 10)";
  explicit CifarResNet(CifarResNetOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(CifarResNet);

// Parameters with 10 classes: 269,722 and 853,018.
Ref<CifarResNet> resnet20(int64_t num_classes = 10);
Ref<CifarResNet> resnet56(int64_t num_classes = 10);

}  // namespace deepseek::models
