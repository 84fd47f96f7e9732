#include "deepseek/models/residual_blocks.h"

#include "deepseek/graph/operators.h"
#include "deepseek/models/layers.h"
#include "deepseek/nn/activation.h"
#include "deepseek/ops.h"

namespace deepseek::models {

Ref<nn::Module> projection(int64_t in, int64_t out, int64_t stride) {
  return Ref<nn::Module>(nn::make<nn::Sequential>(conv2d_he(in, out, 1, stride), norm2d(out)).get());
}

BasicBlock::BasicBlock(BasicBlockOptions o) : Layer(std::move(o)) {
  const auto& c = config;
  ensure(c.planes >= 1 && c.in_channels >= 1 && c.stride >= 1,
         "BasicBlock: planes, in_channels and stride must be at least 1, but are ", c.planes, ", ", c.in_channels,
         " and ", c.stride);
  ensure(c.shortcut == "projection" || c.shortcut == "pad",
         "BasicBlock: shortcut must be 'projection' or 'pad', but is '", c.shortcut, "'");
  ensure(c.shortcut != "pad" || c.planes >= c.in_channels,
         "BasicBlock: shortcut='pad' needs planes of at least in_channels, but they are ", c.planes, " and ",
         c.in_channels);
  put(*this, "conv1", conv2d_he(c.in_channels, c.planes, 3, c.stride)), put(*this, "bn1", norm2d(c.planes));
  put(*this, "relu", nn::make<nn::ReLU>());
  put(*this, "conv2", conv2d_he(c.planes, c.planes, 3)), put(*this, "bn2", norm2d(c.planes));
  if (changes_shape(c.in_channels, c.planes, c.stride) && c.shortcut == "projection") {
    put(*this, "downsample", projection(c.in_channels, c.planes, c.stride));
  }
}

Tensor BasicBlock::forward(const Tensor& x) {
  Tensor y = through(*this, "relu", through(*this, "bn1", through(*this, "conv1", x)));
  y = through(*this, "bn2", through(*this, "conv2", y));
  Tensor shortcut = x;
  if (find_child("downsample"))
    shortcut = through(*this, "downsample", x);
  else if (changes_shape(config.in_channels, config.planes, config.stride)) {
    for (int dim : {2, 3}) shortcut = slice(shortcut, dim, 0, std::nullopt, config.stride);
    const int64_t more = config.planes - config.in_channels;
    shortcut = pad(shortcut, {0, 0, 0, 0, more / 2, more - more / 2});
  }
  return through(*this, "relu", y + shortcut);
}

Bottleneck::Bottleneck(BottleneckOptions o) : Layer(o) {
  const int64_t in = config.in_channels, planes = config.planes, stride = config.stride, out = planes * expansion;
  ensure(planes >= 1 && in >= 1 && stride >= 1,
         "Bottleneck: planes, in_channels and stride must be at least 1, but are ", planes, ", ", in, " and ", stride);
  put(*this, "conv1", conv2d_he(in, planes, 1)), put(*this, "bn1", norm2d(planes));
  put(*this, "conv2", conv2d_he(planes, planes, 3, stride)), put(*this, "bn2", norm2d(planes));
  put(*this, "conv3", conv2d_he(planes, out, 1)), put(*this, "bn3", norm2d(out));
  put(*this, "relu", nn::make<nn::ReLU>());
  if (changes_shape(in, out, stride)) put(*this, "downsample", projection(in, out, stride));
}

Tensor Bottleneck::forward(const Tensor& x) {
  Tensor y = through(*this, "relu", through(*this, "bn1", through(*this, "conv1", x)));
  y = through(*this, "relu", through(*this, "bn2", through(*this, "conv2", y)));
  y = through(*this, "bn3", through(*this, "conv3", y));
  return through(*this, "relu", y + (find_child("downsample") ? through(*this, "downsample", x) : x));
}

}  // namespace deepseek::models
