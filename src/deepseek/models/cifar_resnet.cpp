#include "deepseek/models/cifar_resnet.h"

#include "deepseek/models/layers.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/linear.h"
#include "deepseek/ops.h"

namespace deepseek::models {

CifarResNet::CifarResNet(CifarResNetOptions o) : Layer(std::move(o)) {
  ensure(config.depth >= 8 && config.depth % 6 == 2, "CifarResNet: depth must be 6n + 2 (8, 14, 20, ...), but is ",
         config.depth);
  ensure(config.in_channels >= 1, "CifarResNet: in_channels must be at least 1, but is ", config.in_channels);
  put(*this, "conv1", conv2d_he(config.in_channels, 16, 3)), put(*this, "bn1", norm2d(16)),
      put(*this, "relu", nn::make<nn::ReLU>());
  int64_t in = 16;
  for (int64_t stage = 1, planes = 16; stage <= 3; ++stage, planes *= 2) {
    auto blocks = nn::make<nn::Sequential>();
    for (int64_t i = 0; i < (config.depth - 2) / 6; ++i, in = planes) {
      blocks->append(nn::make<BasicBlock>(BasicBlockOptions{.planes = planes,
                                                            .stride = i == 0 && stage > 1 ? 2 : 1,
                                                            .shortcut = config.shortcut,
                                                            .in_channels = in})
                         .get());
    }
    put(*this, concat("layer", stage), blocks);
  }
  put(*this, "linear", nn::make<nn::Linear>(config.num_classes, nn::LinearOptions{.in_features = in}));
}

Tensor CifarResNet::forward(const Tensor& images) {
  Tensor x = images;
  for (const char* name : {"conv1", "bn1", "relu", "layer1", "layer2", "layer3"}) x = through(*this, name, x);
  return through(*this, "linear", mean(x, {2, 3}));
}

Ref<CifarResNet> resnet20(int64_t n) {
  return nn::make<CifarResNet>(CifarResNetOptions{.depth = 20, .num_classes = n});
}
Ref<CifarResNet> resnet56(int64_t n) {
  return nn::make<CifarResNet>(CifarResNetOptions{.depth = 56, .num_classes = n});
}

}  // namespace deepseek::models
