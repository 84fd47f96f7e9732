#include "deepseek/nn/upsample.h"

#include "deepseek/ops.h"

namespace deepseek::nn {

Tensor Upsample::forward(const Tensor& input) {
  const std::optional<Dims> size =
      config.size.empty() ? std::nullopt : std::optional(spread(config.size, std::max(input.rank() - 2, 1), type_name(), "size"));
  return interpolate(input, size, config.scale_factor, config.mode, config.align_corners, config.recompute_scale_factor);
}

Tensor PixelShuffle::forward(const Tensor& input) { return pixel_shuffle(input, config.upscale_factor); }
Tensor PixelUnshuffle::forward(const Tensor& input) { return pixel_unshuffle(input, config.downscale_factor); }
Tensor ChannelShuffle::forward(const Tensor& input) { return channel_shuffle(input, config.groups); }

}  // namespace deepseek::nn
