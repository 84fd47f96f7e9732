#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct UpsampleOptions {
  Sizes size = {};
  std::optional<double> scale_factor = {};
  std::string mode = "nearest";
  std::optional<bool> align_corners = {};
  std::optional<bool> recompute_scale_factor = {};
  static constexpr auto fields =
      std::tuple{field("size", &UpsampleOptions::size), field("scale_factor", &UpsampleOptions::scale_factor),
                 field("mode", &UpsampleOptions::mode), field("align_corners", &UpsampleOptions::align_corners),
                 field("recompute_scale_factor", &UpsampleOptions::recompute_scale_factor)};
};
class Upsample : public Layer<UpsampleOptions> {
 public:
  static constexpr const char* doc =
      "Resizes (N, C, *space) to `size` or by `scale_factor`; mode 'nearest', 'nearest-exact', 'area', 'linear', 'bilinear', "
      "'bicubic' or 'trilinear'.\n\n"
      "Example:\n    >>> Upsample(scale_factor=2)(deepseek.randn(1, 3, 4, 4)).shape\n    (1, 3, 8, 8)";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(Upsample);

struct PixelShuffleOptions {
  int64_t upscale_factor = 0;
  static constexpr auto fields = std::tuple{field("upscale_factor", &PixelShuffleOptions::upscale_factor, required)};
};
class PixelShuffle : public Layer<PixelShuffleOptions> {
 public:
  static constexpr const char* doc = "Moves channels into space: (N, C * r * r, H, W) becomes (N, C, H * r, W * r), r = upscale_factor.";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(PixelShuffle);

struct PixelUnshuffleOptions {
  int64_t downscale_factor = 0;
  static constexpr auto fields = std::tuple{field("downscale_factor", &PixelUnshuffleOptions::downscale_factor, required)};
};
class PixelUnshuffle : public Layer<PixelUnshuffleOptions> {
 public:
  static constexpr const char* doc = "Moves space into channels: (N, C, H * r, W * r) becomes (N, C * r * r, H, W), r = downscale_factor.";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(PixelUnshuffle);

struct GroupsOptions {
  int64_t groups = 0;
  static constexpr auto fields = std::tuple{field("groups", &GroupsOptions::groups, required)};
};
class ChannelShuffle : public Layer<GroupsOptions> {
 public:
  static constexpr const char* doc = "The channels of (N, C, *), which lie in groups, one from each group after the other.";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(ChannelShuffle);

}  // namespace deepseek::nn
