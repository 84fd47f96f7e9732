#include "deepseek/models/lenet.h"

#include "deepseek/models/layers.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/pool.h"
#include "deepseek/ops.h"

namespace deepseek::models {

LeNet::LeNet(LeNetOptions o) : Layer(o) {
  add<nn::Conv2d>("conv1", 6, 5, nn::ConvOptions{.padding = 2, .in_channels = config.in_channels});
  add<nn::Conv2d>("conv2", 16, 5, nn::ConvOptions{.in_channels = 6});
  add<nn::MaxPool2d>("pool", 2);
  add<nn::Linear>("fc1", 120, nn::LinearOptions{.in_features = 16 * 5 * 5});
  add<nn::Linear>("fc2", 84, nn::LinearOptions{.in_features = 120});
  add<nn::Linear>("fc3", config.num_classes, nn::LinearOptions{.in_features = 84});
}

Tensor LeNet::forward(const Tensor& images) {
  ensure(images.rank() == 4 && images.size(2) == 28 && images.size(3) == 28, "LeNet: the input must be (N, ",
         config.in_channels, ", 28, 28), but is ", to_string(images.shape()));
  Tensor x = images;
  for (const char* conv : {"conv1", "conv2"}) x = through(*this, "pool", relu(through(*this, conv, x)));
  x = flatten(x, 1);
  for (const char* linear : {"fc1", "fc2"}) x = relu(through(*this, linear, x));
  return through(*this, "fc3", x);
}

Ref<LeNet> lenet(int64_t num_classes) {
  return nn::make<LeNet>(LeNetOptions{.num_classes = num_classes});
}

}  // namespace deepseek::models
