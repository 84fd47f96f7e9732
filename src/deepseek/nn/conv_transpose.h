#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct ConvTransposeOptions {
  int64_t out_channels = 0;
  Sizes kernel_size = {};
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes output_padding = 0;
  int64_t groups = 1;
  bool bias = true;
  Sizes dilation = 1;
  std::optional<int64_t> in_channels = {};
  static constexpr auto fields = std::tuple{field("out_channels", &ConvTransposeOptions::out_channels, required),
                                            field("kernel_size", &ConvTransposeOptions::kernel_size, required),
                                            field("stride", &ConvTransposeOptions::stride),
                                            field("padding", &ConvTransposeOptions::padding),
                                            field("output_padding", &ConvTransposeOptions::output_padding),
                                            field("groups", &ConvTransposeOptions::groups),
                                            field("bias", &ConvTransposeOptions::bias),
                                            field("dilation", &ConvTransposeOptions::dilation),
                                            field("in_channels", &ConvTransposeOptions::in_channels, keyword_only)};
};

// The transpose of a convolution over N spatial dims: grows images where a convolution shrinks them.
class ConvTransposeNd : public Layer<ConvTransposeOptions, SizedLayer> {
 public:
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  ConvTransposeNd(int dims, ConvTransposeOptions options);
  void build(int64_t width) override;

 private:
  int dims_;
};

#define DEEPSEEK_CONV_TRANSPOSE(N, text)                                                                        \
  class ConvTranspose##N##d : public ConvTransposeNd {                                                          \
   public:                                                                                                      \
    static constexpr const char* doc = text;                                                                    \
    explicit ConvTranspose##N##d(ConvTransposeOptions options) : ConvTransposeNd(N, std::move(options)) {}       \
    ConvTranspose##N##d(int64_t out_channels, Sizes kernel_size, ConvTransposeOptions more = {})                \
        : ConvTranspose##N##d((more.out_channels = out_channels, more.kernel_size = kernel_size, more)) {}       \
  }

DEEPSEEK_CONV_TRANSPOSE(1, "The transpose of Conv1d.\n\nShapes: input (N, C, L), output (N, out_channels, L'); weight (C, "
                           "out_channels / groups, k).\n\nExample:\n    >>> ConvTranspose1d(4, 2, "
                           "stride=2)(deepseek.randn(1, 3, 5)).shape\n    (1, 4, 10)");
DEEPSEEK_LAYER(ConvTranspose1d);
DEEPSEEK_CONV_TRANSPOSE(2, "The transpose of Conv2d.\n\nShapes: input (N, C, H, W), output (N, out_channels, H', W'); weight (C, "
                           "out_channels / groups, kh, kw).\n\nExample:\n    >>> ConvTranspose2d(4, 2, "
                           "stride=2)(deepseek.randn(1, 3, 5, 5)).shape\n    (1, 4, 10, 10)");
DEEPSEEK_LAYER(ConvTranspose2d);
DEEPSEEK_CONV_TRANSPOSE(3, "The transpose of Conv3d.\n\nShapes: input (N, C, D, H, W), output (N, out_channels, D', H', W'); weight "
                           "(C, out_channels / groups, kd, kh, kw).\n\nExample:\n    >>> ConvTranspose3d(4, 2, "
                           "stride=2)(deepseek.randn(1, 3, 2, 2, 2)).shape\n    (1, 4, 4, 4, 4)");
DEEPSEEK_LAYER(ConvTranspose3d);

}  // namespace deepseek::nn
