// The vision transformer (Dosovitskiy et al., 2020) with torchvision's names of weights.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct VisionTransformerOptions {
  int64_t image_size = 224;
  int64_t patch_size = 16;
  int64_t num_layers = 12;
  int64_t num_heads = 12;
  int64_t hidden_dim = 768;
  int64_t mlp_dim = 3072;
  double dropout = 0;
  double attention_dropout = 0;
  int64_t num_classes = 1000;
  std::optional<int64_t> representation_size = {};
  int64_t in_channels = 3;
  static constexpr auto fields =
      std::tuple{nn::field("image_size", &VisionTransformerOptions::image_size),
                 nn::field("patch_size", &VisionTransformerOptions::patch_size),
                 nn::field("num_layers", &VisionTransformerOptions::num_layers),
                 nn::field("num_heads", &VisionTransformerOptions::num_heads),
                 nn::field("hidden_dim", &VisionTransformerOptions::hidden_dim),
                 nn::field("mlp_dim", &VisionTransformerOptions::mlp_dim),
                 nn::field("dropout", &VisionTransformerOptions::dropout),
                 nn::field("attention_dropout", &VisionTransformerOptions::attention_dropout),
                 nn::field("num_classes", &VisionTransformerOptions::num_classes),
                 nn::field("representation_size", &VisionTransformerOptions::representation_size),
                 nn::field("in_channels", &VisionTransformerOptions::in_channels, nn::keyword_only)};
};

struct EncoderBlockOptions {
  int64_t num_heads = 0;
  int64_t hidden_dim = 0;
  int64_t mlp_dim = 0;
  double dropout = 0;
  double attention_dropout = 0;
  static constexpr auto fields = std::tuple{nn::field("num_heads", &EncoderBlockOptions::num_heads, nn::required),
                                            nn::field("hidden_dim", &EncoderBlockOptions::hidden_dim, nn::required),
                                            nn::field("mlp_dim", &EncoderBlockOptions::mlp_dim, nn::required),
                                            nn::field("dropout", &EncoderBlockOptions::dropout),
                                            nn::field("attention_dropout", &EncoderBlockOptions::attention_dropout)};
};

class EncoderBlock : public nn::Layer<EncoderBlockOptions> {
 public:
  static constexpr const char* doc =
      "Self attention and a two-layer network, each on the layer norm of its input and added to it.\n\n"
      "Shapes: input and output (N, L, hidden_dim).";
  explicit EncoderBlock(EncoderBlockOptions options);
  Tensor forward(const Tensor& x) override;
};
DEEPSEEK_MODEL(EncoderBlock);

class VisionTransformer : public nn::Layer<VisionTransformerOptions> {
 public:
  static constexpr const char* doc =
      "Images as rows of patches through a transformer; a row of its own, the first, gathers what the head reads. "
      "86,567,656 parameters "
      "by default, which is ViT-B/16.\n\n"
      "Shapes: input (N, 3, image_size, image_size), output (N, num_classes). Keys are those of torchvision's "
      "vit_b_16. Source: "
      "Dosovitskiy et al., arXiv:2010.11929.\n\n"
      "Example:\n    >>> net = deepseek.models.VisionTransformer(32, 8, 2, 4, 64, 128, num_classes=10)\n"
      "    >>> net(deepseek.randn(2, 3, 32, 32)).shape\n    (2, 10)";
  explicit VisionTransformer(VisionTransformerOptions options = {});
  Tensor forward(const Tensor& images) override;
};
DEEPSEEK_MODEL(VisionTransformer);

Ref<VisionTransformer> vit_b_16(VisionTransformerOptions options = {});

}  // namespace deepseek::models
