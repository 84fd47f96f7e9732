// Channels into space and back.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, pixel_shuffle, (const Tensor& input, int64_t upscale_factor),
                  "Moves channels into space: (..., c * r * r, h, w) becomes (..., c, h * r, w * r) for r = "
                  "`upscale_factor`.") {
  const int64_t r = upscale_factor;
  const int at = input.rank() - 3;
  ensure(at >= 0 && r >= 1 && input.size(at) % (r * r) == 0, "pixel_shuffle: input must be (..., c * ", r, " * ", r,
         ", h, w), but it is ", to_string(input.shape()));
  Shape front(std::span(input.shape().data(), static_cast<size_t>(at)));
  const int64_t batch = front.numel(), c = input.size(at) / (r * r), h = input.size(at + 1), w = input.size(at + 2);
  const Tensor moved = permute(reshape(input, {batch, c, r, r, h, w}), {0, 1, 4, 2, 5, 3});
  for (int64_t n : {c, h * r, w * r}) front.push_back(n);
  return reshape(moved, front);
}
DEEPSEEK_FACTS(pixel_shuffle, .in = {"functional"},
               .reference = "input.reshape(2, 3, 2, 2, 4, 5).transpose(0, 1, 4, 2, 5, 3).reshape(2, 3, 8, 10)",
               .good = {"randn(2, 12, 4, 5), 2"}, .bad = {"randn(2, 10, 4, 5), 2", "randn(4, 5), 2"});

DEEPSEEK_FUNCTION(Tensor, channel_shuffle, (const Tensor& input, int64_t groups),
                  "The channels of `input` (batch, channels, ...), which lie in `groups` groups, one from each group "
                  "after the other.") {
  ensure(input.rank() >= 3, "channel_shuffle: input must be (batch, channels, ...) with more than 2 dims, but it is ",
         to_string(input.shape()));
  const int64_t channels = input.size(1);
  ensure(groups >= 1 && channels % groups == 0, "channel_shuffle: ", channels, " channels cannot be split into ",
         groups, " groups");
  Shape split{input.size(0), groups, channels / groups};
  for (int d = 2; d < input.rank(); ++d) split.push_back(input.size(d));
  return reshape(transpose(reshape(input, split), 1, 2), input.shape());
}
DEEPSEEK_FACTS(
    channel_shuffle, .in = {"functional"},
    .reference = "input.reshape(input.shape[0], groups, -1, *input.shape[2:]).swapaxes(1, 2).reshape(input.shape)",
    .good = {"randn(2, 6, 3), 2", "randn(1, 4, 2, 3), 4"}, .bad = {"randn(2, 6, 3), 4", "randn(2, 6), 2"});

DEEPSEEK_FUNCTION(Tensor, pixel_unshuffle, (const Tensor& input, int64_t downscale_factor),
                  "Moves space into channels: (..., c, h * r, w * r) becomes (..., c * r * r, h, w) for r = "
                  "`downscale_factor`.") {
  const int64_t r = downscale_factor;
  const int at = input.rank() - 3;
  ensure(at >= 0 && r >= 1 && input.size(at + 1) % r == 0 && input.size(at + 2) % r == 0,
         "pixel_unshuffle: input must be (..., c, h * ", r, ", w * ", r, "), but it is ", to_string(input.shape()));
  Shape front(std::span(input.shape().data(), static_cast<size_t>(at)));
  const int64_t batch = front.numel(), c = input.size(at), h = input.size(at + 1) / r, w = input.size(at + 2) / r;
  const Tensor moved = permute(reshape(input, {batch, c, h, r, w, r}), {0, 1, 3, 5, 2, 4});
  for (int64_t n : {c * r * r, h, w}) front.push_back(n);
  return reshape(moved, front);
}
DEEPSEEK_FACTS(pixel_unshuffle, .in = {"functional"},
               .reference = "input.reshape(2, 3, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4).reshape(2, 12, 2, 3)",
               .good = {"randn(2, 3, 4, 6), 2"}, .bad = {"randn(2, 3, 5, 6), 2", "randn(4, 6), 2"});

}  // namespace deepseek
