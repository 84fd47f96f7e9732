#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct DoubleConv3dOptions {
  int64_t planes = 0;
  std::string norm = "instance";
  int64_t in_channels = 0;
  static constexpr auto fields = std::tuple{
      nn::field("planes", &DoubleConv3dOptions::planes, nn::required), nn::field("norm", &DoubleConv3dOptions::norm),
      nn::field("in_channels", &DoubleConv3dOptions::in_channels, nn::keyword_only)};
};

class DoubleConv3d : public nn::Layer<DoubleConv3dOptions> {
 public:
  static constexpr const char* doc =
      "Two 3x3x3 convolutions, each with normalisation ('instance', 'batch' or 'none') and relu.\n\n"
      "Shapes: input (N, in_channels, D, H, W), output (N, planes, D, H, W).";
  explicit DoubleConv3d(DoubleConv3dOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(DoubleConv3d);

struct UNet3dOptions {
  int64_t num_classes = 1;
  nn::Sizes channels = {16, 32, 64, 128};
  std::string norm = "instance";
  int64_t in_channels = 1;
  static constexpr auto fields = std::tuple{
      nn::field("num_classes", &UNet3dOptions::num_classes), nn::field("channels", &UNet3dOptions::channels),
      nn::field("norm", &UNet3dOptions::norm), nn::field("in_channels", &UNet3dOptions::in_channels, nn::keyword_only)};
};

class UNet3d : public nn::Layer<UNet3dOptions> {
 public:
  static constexpr const char* doc =
      "3-D U-Net for segmentation. Each entry of `channels` is a level: two convolutions, then half the size; on the "
      "way back a "
      "transposed convolution doubles the size and the encoder's output of that level is joined to it.\n\n"
      "Shapes: input (N, in_channels, D, H, W) with D, H and W multiples of 2 ** (levels - 1), output (N, num_classes, "
      "D, H, W): scores "
      "of each voxel before the sigmoid or softmax.\n\n"
      "Example:\n    >>> deepseek.models.UNet3d(2, (4, 8))(deepseek.randn(1, 1, 8, 8, 4)).shape\n    (1, 2, 8, 8, 4)";
  explicit UNet3d(UNet3dOptions options = {});
  Tensor forward(const Tensor& volumes) override;
};
DEEPSEEK_MODEL(UNet3d);

// 1,401,265 parameters as it stands.
Ref<UNet3d> unet3d(int64_t num_classes = 1, const Dims& channels = {16, 32, 64, 128},
                   const std::string& norm = "instance", int64_t in_channels = 1);

}  // namespace deepseek::models
