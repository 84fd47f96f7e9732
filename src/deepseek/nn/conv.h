#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct ConvOptions {
  int64_t out_channels = 0;
  Sizes kernel_size = {};
  Sizes stride = 1;
  Padding padding = 0;
  Sizes dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";
  std::optional<int64_t> in_channels = {};
  static constexpr auto fields = std::tuple{field("out_channels", &ConvOptions::out_channels, required),
                                            field("kernel_size", &ConvOptions::kernel_size, required),
                                            field("stride", &ConvOptions::stride),
                                            field("padding", &ConvOptions::padding),
                                            field("dilation", &ConvOptions::dilation),
                                            field("groups", &ConvOptions::groups),
                                            field("bias", &ConvOptions::bias),
                                            field("padding_mode", &ConvOptions::padding_mode),
                                            field("in_channels", &ConvOptions::in_channels, keyword_only)};
};

#define DEEPSEEK_CONV_DOC                                                                                                    \
  "`padding` is numbers, 'same' or 'valid'; `padding_mode` is 'zeros', 'reflect', 'replicate' or 'circular'. The number of " \
  "input channels is learnt at the first call unless `in_channels` is given.\n\n"

// Convolution over N spatial dims.
class ConvNd : public Layer<ConvOptions, SizedLayer> {
 public:
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  ConvNd(int dims, ConvOptions options);
  void build(int64_t width) override;

 private:
  int dims_;
};

class Conv1d : public ConvNd {
 public:
  static constexpr const char* doc =
      "Convolution along one dim.\n\n" DEEPSEEK_CONV_DOC
      "Shapes: input (N, C, L) or (C, L), output (N, out_channels, L'); weight (out_channels, C / groups, k).\n\n"
      "Example:\n    >>> Conv1d(8, 3, padding='same')(deepseek.randn(4, 2, 50)).shape\n    (4, 8, 50)";
  explicit Conv1d(ConvOptions options) : ConvNd(1, std::move(options)) {}
  Conv1d(int64_t out_channels, Sizes kernel_size, ConvOptions more = {})
      : Conv1d((more.out_channels = out_channels, more.kernel_size = kernel_size, more)) {}
};
DEEPSEEK_LAYER(Conv1d);

class Conv2d : public ConvNd {
 public:
  static constexpr const char* doc =
      "Convolution over images.\n\n" DEEPSEEK_CONV_DOC
      "Shapes: input (N, C, H, W) or (C, H, W), output (N, out_channels, H', W'); weight (out_channels, C / groups, kh, kw).\n\n"
      "Example:\n    >>> Conv2d(64, 3, padding='same')(deepseek.randn(8, 3, 32, 32)).shape\n    (8, 64, 32, 32)";
  explicit Conv2d(ConvOptions options) : ConvNd(2, std::move(options)) {}
  Conv2d(int64_t out_channels, Sizes kernel_size, ConvOptions more = {})
      : Conv2d((more.out_channels = out_channels, more.kernel_size = kernel_size, more)) {}
};
DEEPSEEK_LAYER(Conv2d);

class Conv3d : public ConvNd {
 public:
  static constexpr const char* doc =
      "Convolution over volumes.\n\n" DEEPSEEK_CONV_DOC
      "Shapes: input (N, C, D, H, W) or (C, D, H, W), output (N, out_channels, D', H', W'); weight (out_channels, C / groups, "
      "kd, kh, kw).\n\n"
      "Example:\n    >>> Conv3d(4, 3)(deepseek.randn(2, 1, 8, 8, 8)).shape\n    (2, 4, 6, 6, 6)";
  explicit Conv3d(ConvOptions options) : ConvNd(3, std::move(options)) {}
  Conv3d(int64_t out_channels, Sizes kernel_size, ConvOptions more = {})
      : Conv3d((more.out_channels = out_channels, more.kernel_size = kernel_size, more)) {}
};
DEEPSEEK_LAYER(Conv3d);

}  // namespace deepseek::nn
