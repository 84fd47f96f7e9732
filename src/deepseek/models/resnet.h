// ResNet with bottleneck blocks, in the three ways of building a network. All have the same parameters in the same order.
#pragma once
#include "deepseek/nn/layer.h"
#include "deepseek/nn/model.h"
#include "deepseek/nn/sequential.h"

namespace deepseek::models {

struct BottleneckOptions {
  int64_t planes = 0;
  int64_t stride = 1;
  int64_t in_channels = 0;
  static constexpr auto fields = std::tuple{nn::field("planes", &BottleneckOptions::planes, nn::required),
                                            nn::field("stride", &BottleneckOptions::stride),
                                            nn::field("in_channels", &BottleneckOptions::in_channels, nn::keyword_only)};
};

class Bottleneck : public nn::Layer<BottleneckOptions> {
 public:
  static constexpr const char* doc =
      "1x1, 3x3 and 1x1 convolutions with batch norm around a shortcut; the output has 4 * planes channels. The stride lies in the 3x3 "
      "convolution.";
  static constexpr int64_t expansion = 4;
  explicit Bottleneck(BottleneckOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(Bottleneck);

struct ResNetOptions {
  nn::Sizes layers = {3, 4, 6, 3};
  int64_t num_classes = 1000;
  int64_t in_channels = 3;
  static constexpr auto fields = std::tuple{nn::field("layers", &ResNetOptions::layers), nn::field("num_classes", &ResNetOptions::num_classes),
                                            nn::field("in_channels", &ResNetOptions::in_channels, nn::keyword_only)};
};

class ResNet : public nn::Layer<ResNetOptions> {
 public:
  static constexpr const char* doc =
      "Residual network of bottleneck blocks; `layers` are the blocks of each stage. Parameter names are torchvision's.\n\n"
      "Shapes: input (N, 3, H, W), output (N, num_classes).";
  explicit ResNet(ResNetOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(ResNet);

// 25,557,032 parameters with 1000 classes.
Ref<ResNet> resnet50(int64_t num_classes = 1000);
Ref<nn::Sequential> resnet50_sequential(int64_t num_classes = 1000);
Ref<nn::Model> resnet50_functional(int64_t num_classes = 1000, const Shape& image = {3, 224, 224});

}  // namespace deepseek::models
