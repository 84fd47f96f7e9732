#include "deepseek/models/digits_net.h"

#include "deepseek/nn/pool.h"
#include "deepseek/ops.h"

namespace deepseek::models {

DigitsNet::DigitsNet(DigitsNetOptions o) : Layer(std::move(o)) {
  config.channels = nn::spread(config.channels, 2, "DigitsNet", "channels");
  const Dims& c = config.channels.dims;
  add<nn::Conv2d>("conv1", c[0], 3, nn::ConvOptions{.padding = "same", .in_channels = config.in_channels});
  add<nn::Conv2d>("conv2", c[1], 3, nn::ConvOptions{.padding = "same", .in_channels = c[0]});
  add<nn::MaxPool2d>("pool", 2);
  add<nn::Linear>("fc1", config.hidden);
  add<nn::Linear>("fc2", config.num_classes, nn::LinearOptions{.in_features = config.hidden});
}

Tensor DigitsNet::forward(const Tensor& images) {
  const auto layer = [&](const char* name, const Tensor& x) { return (*find_child(name))(x); };
  Tensor x = layer("pool", relu(layer("conv1", images)));
  x = layer("pool", relu(layer("conv2", x)));
  return layer("fc2", relu(layer("fc1", flatten(x, 1))));
}

}  // namespace deepseek::models
