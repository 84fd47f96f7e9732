// Residual networks for large images, with torchvision's names; ResNet-50 in the three ways of building a network, with
// the same parameters in the same order.
#pragma once
#include "deepseek/models/residual_blocks.h"
#include "deepseek/nn/model.h"
#include "deepseek/nn/sequential.h"

namespace deepseek::models {

struct ResNetOptions {
  nn::Sizes layers = {3, 4, 6, 3};
  int64_t num_classes = 1000;
  std::string block = "bottleneck";
  int64_t in_channels = 3;
  static constexpr auto fields =
      std::tuple{nn::field("layers", &ResNetOptions::layers), nn::field("num_classes", &ResNetOptions::num_classes),
                 nn::field("block", &ResNetOptions::block),
                 nn::field("in_channels", &ResNetOptions::in_channels, nn::keyword_only)};
};

class ResNet : public nn::Layer<ResNetOptions> {
 public:
  static constexpr const char* doc =
      "Residual network: a strided convolution and pooling, four stages of blocks with 64 to 512 planes, a linear "
      "layer. `layers` are "
      "the blocks of each stage, `block` is 'basic' or 'bottleneck'. Parameter names are torchvision's.\n\n"
      "Shapes: input (N, in_channels, H, W), output (N, num_classes): scores before the softmax.\n\n"
      "Example:\n    >>> deepseek.models.ResNet((1, 1, 1, 1), 10, 'basic')(deepseek.randn(2, 3, 64, 64)).shape\n    "
      "(2, 10)";
  explicit ResNet(ResNetOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(ResNet);

// Parameters with 1000 classes: 11,689,512; 21,797,672; 25,557,032; 44,549,160.
Ref<ResNet> resnet18(int64_t num_classes = 1000);
Ref<ResNet> resnet34(int64_t num_classes = 1000);
Ref<ResNet> resnet50(int64_t num_classes = 1000);
Ref<ResNet> resnet101(int64_t num_classes = 1000);
Ref<nn::Sequential> resnet50_sequential(int64_t num_classes = 1000);
Ref<nn::Model> resnet50_functional(int64_t num_classes = 1000, const Shape& image = {3, 224, 224});

}  // namespace deepseek::models
