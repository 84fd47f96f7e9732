#include "deepseek/models/resnet.h"

#include "deepseek/models/layers.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/pool.h"
#include "deepseek/ops.h"

namespace deepseek::models {

ResNet::ResNet(ResNetOptions o) : Layer(std::move(o)) {
  ensure(!config.layers.empty(), "ResNet: layers must be 4 numbers");
  config.layers = nn::spread(config.layers, 4, "ResNet", "layers");
  ensure(config.block == "basic" || config.block == "bottleneck",
         "ResNet: block must be 'basic' or 'bottleneck', but is '", config.block, "'");
  ensure(config.in_channels >= 1, "ResNet: in_channels must be at least 1, but is ", config.in_channels);
  const bool basic = config.block == "basic";
  const int64_t expansion = basic ? BasicBlock::expansion : Bottleneck::expansion;
  put(*this, "conv1", conv2d_he(config.in_channels, 64, 7, 2)), put(*this, "bn1", norm2d(64)),
      put(*this, "relu", nn::make<nn::ReLU>());
  put(*this, "maxpool", nn::make<nn::MaxPool2d>(3, nn::MaxPoolOptions{.stride = 2, .padding = 1}));
  int64_t in = 64, planes = 64;
  for (int stage = 0; stage < 4; ++stage, planes *= 2) {
    auto blocks = nn::make<nn::Sequential>();
    for (int64_t i = 0; i < config.layers.dims[stage]; ++i, in = planes * expansion) {
      const int64_t stride = i == 0 && stage > 0 ? 2 : 1;
      if (basic)
        blocks->append(
            nn::make<BasicBlock>(BasicBlockOptions{.planes = planes, .stride = stride, .in_channels = in}).get());
      else
        blocks->append(
            nn::make<Bottleneck>(BottleneckOptions{.planes = planes, .stride = stride, .in_channels = in}).get());
    }
    put(*this, concat("layer", stage + 1), blocks);
  }
  put(*this, "avgpool", nn::make<nn::AdaptiveAvgPool2d>(1));
  put(*this, "fc", nn::make<nn::Linear>(config.num_classes, nn::LinearOptions{.in_features = in}));
}

Tensor ResNet::forward(const Tensor& images) {
  Tensor x = images;
  for (const char* name : {"conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool"})
    x = through(*this, name, x);
  return through(*this, "fc", flatten(x, 1));
}

Ref<ResNet> resnet18(int64_t n) {
  return nn::make<ResNet>(ResNetOptions{.layers = {2, 2, 2, 2}, .num_classes = n, .block = "basic"});
}
Ref<ResNet> resnet34(int64_t n) {
  return nn::make<ResNet>(ResNetOptions{.layers = {3, 4, 6, 3}, .num_classes = n, .block = "basic"});
}
Ref<ResNet> resnet50(int64_t n) {
  return nn::make<ResNet>(ResNetOptions{.layers = {3, 4, 6, 3}, .num_classes = n});
}
Ref<ResNet> resnet101(int64_t n) {
  return nn::make<ResNet>(ResNetOptions{.layers = {3, 4, 23, 3}, .num_classes = n});
}

}  // namespace deepseek::models
