#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct LunaBlockOptions {
  int64_t planes = 0;
  int64_t in_channels = 0;
  static constexpr auto fields = std::tuple{nn::field("planes", &LunaBlockOptions::planes, nn::required),
                                            nn::field("in_channels", &LunaBlockOptions::in_channels, nn::keyword_only)};
};

class LunaBlock : public nn::Layer<LunaBlockOptions> {
 public:
  static constexpr const char* doc =
      "Two 3x3x3 convolutions with relu, then max pooling.\n\n"
      "Shapes: input (N, in_channels, D, H, W), output (N, planes, D / 2, H / 2, W / 2).";
  explicit LunaBlock(LunaBlockOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(LunaBlock);

struct LunaModelOptions {
  int64_t conv_channels = 8;
  int64_t in_channels = 1;
  static constexpr auto fields = std::tuple{nn::field("conv_channels", &LunaModelOptions::conv_channels),
                                            nn::field("in_channels", &LunaModelOptions::in_channels, nn::keyword_only)};
};

class LunaModel : public nn::Layer<LunaModelOptions> {
 public:
  static constexpr const char* doc =
      "Tells nodules from other tissue in a crop of a chest CT: batch norm of the input, four blocks, a linear layer. "
      "Architecture and "
      "names are those of the book Deep Learning with PyTorch (dlwpt-code).\n\n"
      "Shapes: input (N, in_channels, 32, 48, 48) in Hounsfield units, output (N, 2): scores of 'no nodule' and "
      "'nodule' before the "
      "softmax.\n\n"
      "Example:\n    >>> deepseek.models.LunaModel()(deepseek.randn(2, 1, 32, 48, 48)).shape\n    (2, 2)";
  explicit LunaModel(LunaModelOptions options = {});
  Tensor forward(const Tensor& crops) override;
};
DEEPSEEK_MODEL(LunaModel);

// 222,220 parameters as it stands.
Ref<LunaModel> luna_model(int64_t conv_channels = 8);

}  // namespace deepseek::models
