#include "deepseek/models/luna.h"

#include "deepseek/models/layers.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/pool.h"
#include "deepseek/ops.h"

namespace deepseek::models {

LunaBlock::LunaBlock(LunaBlockOptions o) : Layer(o) {
  ensure(config.planes >= 1 && config.in_channels >= 1,
         "LunaBlock: planes and in_channels must be at least 1, but are ", config.planes, " and ", config.in_channels);
  for (int i = 1; i <= 2; ++i) {
    auto conv =
        add<nn::Conv3d>(concat("conv", i), config.planes, 3,
                        nn::ConvOptions{.padding = 1, .in_channels = i == 1 ? config.in_channels : config.planes});
    if (!nn::init::skip) nn::init::kaiming_normal_(conv->parameter("weight"), 0, "fan_out", "relu").eval();
  }
  add<nn::MaxPool3d>("maxpool", 2);
}

Tensor LunaBlock::forward(const Tensor& input) {
  Tensor x = input;
  for (const char* conv : {"conv1", "conv2"}) x = relu(through(*this, conv, x));
  return through(*this, "maxpool", x);
}

LunaModel::LunaModel(LunaModelOptions o) : Layer(o) {
  ensure(config.conv_channels >= 1 && config.in_channels >= 1,
         "LunaModel: conv_channels and in_channels must be at least 1, but are ", config.conv_channels, " and ",
         config.in_channels);
  add<nn::BatchNorm3d>("tail_batchnorm", nn::BatchNormOptions{.num_features = config.in_channels});
  int64_t in = config.in_channels, out = config.conv_channels;
  for (int i = 1; i <= 4; ++i, in = out, out *= 2) {
    put(*this, concat("block", i), nn::make<LunaBlock>(LunaBlockOptions{.planes = out, .in_channels = in}));
  }
  add<nn::Linear>("head_linear", 2, nn::LinearOptions{.in_features = in * 2 * 3 * 3});
}

Tensor LunaModel::forward(const Tensor& crops) {
  ensure(crops.rank() == 5 && crops.size(2) == 32 && crops.size(3) == 48 && crops.size(4) == 48,
         "LunaModel: the input must be (N, ", config.in_channels, ", 32, 48, 48), but is ", to_string(crops.shape()));
  Tensor x = crops;
  for (const char* name : {"tail_batchnorm", "block1", "block2", "block3", "block4"}) x = through(*this, name, x);
  return through(*this, "head_linear", flatten(x, 1));
}

Ref<LunaModel> luna_model(int64_t conv_channels) {
  return nn::make<LunaModel>(LunaModelOptions{.conv_channels = conv_channels});
}

}  // namespace deepseek::models
