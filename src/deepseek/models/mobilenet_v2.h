#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct SamePad2dOptions {
  int64_t kernel_size = 0;
  int64_t stride = 1;
  static constexpr auto fields = std::tuple{nn::field("kernel_size", &SamePad2dOptions::kernel_size, nn::required),
                                            nn::field("stride", &SamePad2dOptions::stride)};
};

class SamePad2d : public nn::Layer<SamePad2dOptions> {
 public:
  static constexpr const char* doc =
      "The zeros that TensorFlow's 'SAME' puts around an image before a convolution, the odd one behind: its output is "
      "H / stride, "
      "rounded up. With an even size, kernel 3 and stride 2 that is one row below and one column to the right.\n\n"
      "Example:\n    >>> deepseek.models.SamePad2d(3, 2)(deepseek.randn(1, 3, 8, 9)).shape\n    (1, 3, 9, 11)";
  explicit SamePad2d(SamePad2dOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(SamePad2d);

struct InvertedResidualOptions {
  int64_t planes = 0;
  int64_t stride = 1;
  int64_t expand_ratio = 6;
  std::string padding = "symmetric";
  int64_t in_channels = 0;
  static constexpr auto fields =
      std::tuple{nn::field("planes", &InvertedResidualOptions::planes, nn::required),
                 nn::field("stride", &InvertedResidualOptions::stride),
                 nn::field("expand_ratio", &InvertedResidualOptions::expand_ratio),
                 nn::field("padding", &InvertedResidualOptions::padding),
                 nn::field("in_channels", &InvertedResidualOptions::in_channels, nn::keyword_only)};
};

class InvertedResidual : public nn::Layer<InvertedResidualOptions> {
 public:
  static constexpr const char* doc =
      "MobileNetV2's block: a 1x1 convolution to expand_ratio times the channels, a 3x3 depthwise one, a linear 1x1 "
      "one to `planes` "
      "channels; the input is added where its shape is the output's.\n\n"
      "Shapes: input (N, in_channels, H, W), output (N, planes, H / stride, W / stride), rounded up.";
  explicit InvertedResidual(InvertedResidualOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(InvertedResidual);

struct MobileNetV2Options {
  int64_t num_classes = 1000;
  double width_mult = 1.0;
  double dropout = 0.2;
  std::string padding = "symmetric";
  int64_t in_channels = 3;
  static constexpr auto fields =
      std::tuple{nn::field("num_classes", &MobileNetV2Options::num_classes),
                 nn::field("width_mult", &MobileNetV2Options::width_mult),
                 nn::field("dropout", &MobileNetV2Options::dropout), nn::field("padding", &MobileNetV2Options::padding),
                 nn::field("in_channels", &MobileNetV2Options::in_channels, nn::keyword_only)};
};

class MobileNetV2 : public nn::Layer<MobileNetV2Options> {
 public:
  static constexpr const char* doc =
      "MobileNetV2. `width_mult` scales all channels (to multiples of 8). padding='same' is for weights trained in "
      "TensorFlow, whose "
      "strided convolutions pad behind only; 'symmetric' is torchvision's. Parameter names are torchvision's.\n\n"
      "Shapes: input (N, in_channels, H, W), output (N, num_classes): scores before the softmax.\n\n"
      "Example:\n    >>> deepseek.models.MobileNetV2(10)(deepseek.randn(2, 3, 64, 64)).shape\n    (2, 10)";
  explicit MobileNetV2(MobileNetV2Options options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(MobileNetV2);

// 3,504,872 parameters with 1000 classes and width 1.
Ref<MobileNetV2> mobilenet_v2(int64_t num_classes = 1000, double width_mult = 1.0,
                              const std::string& padding = "symmetric");

}  // namespace deepseek::models
