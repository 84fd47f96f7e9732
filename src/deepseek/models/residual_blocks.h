// The two blocks of residual networks.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct BasicBlockOptions {
  int64_t planes = 0;
  int64_t stride = 1;
  std::string shortcut = "projection";
  int64_t in_channels = 0;
  static constexpr auto fields =
      std::tuple{nn::field("planes", &BasicBlockOptions::planes, nn::required),
                 nn::field("stride", &BasicBlockOptions::stride), nn::field("shortcut", &BasicBlockOptions::shortcut),
                 nn::field("in_channels", &BasicBlockOptions::in_channels, nn::keyword_only)};
};

class BasicBlock : public nn::Layer<BasicBlockOptions> {
 public:
  static constexpr const char* doc =
      "Two 3x3 convolutions with batch norm around a shortcut. Where shapes change the shortcut is a 1x1 convolution "
      "('projection'), or "
      "every stride-th pixel with zero channels around ('pad').\n\n"
      "Shapes: input (N, in_channels, H, W), output (N, planes, H / stride, W / stride), rounded up.";
  static constexpr int64_t expansion = 1;
  explicit BasicBlock(BasicBlockOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(BasicBlock);

struct BottleneckOptions {
  int64_t planes = 0;
  int64_t stride = 1;
  int64_t in_channels = 0;
  static constexpr auto fields = std::tuple{
      nn::field("planes", &BottleneckOptions::planes, nn::required), nn::field("stride", &BottleneckOptions::stride),
      nn::field("in_channels", &BottleneckOptions::in_channels, nn::keyword_only)};
};

class Bottleneck : public nn::Layer<BottleneckOptions> {
 public:
  static constexpr const char* doc =
      "1x1, 3x3 and 1x1 convolutions with batch norm around a shortcut; the output has 4 * planes channels. The stride "
      "lies in the 3x3 "
      "convolution.";
  static constexpr int64_t expansion = 4;
  explicit Bottleneck(BottleneckOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(Bottleneck);

// Whether a shortcut cannot be the input itself.
inline bool changes_shape(int64_t in, int64_t out, int64_t stride) {
  return stride != 1 || in != out;
}
// A strided 1x1 convolution with batch norm.
Ref<nn::Module> projection(int64_t in, int64_t out, int64_t stride);

}  // namespace deepseek::models
