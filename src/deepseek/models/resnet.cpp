#include "deepseek/models/resnet.h"

#include "deepseek/graph/operators.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/conv.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/pool.h"
#include "deepseek/nn/shape.h"
#include "deepseek/ops.h"

namespace deepseek::models {
namespace {

constexpr int64_t widths[] = {64, 128, 256, 512};

// He's initial values for layers that relu follows.
Ref<nn::Conv2d> conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  auto layer = nn::make<nn::Conv2d>(
      nn::ConvOptions{.out_channels = out, .kernel_size = kernel, .stride = stride, .padding = (kernel - 1) / 2, .bias = false, .in_channels = in});
  if (!nn::init::skip) nn::init::kaiming_normal_(layer->parameter("weight"), 0, "fan_out", "relu").eval();
  return layer;
}
Ref<nn::BatchNorm2d> norm(int64_t channels) { return nn::make<nn::BatchNorm2d>(nn::BatchNormOptions{.num_features = channels}); }

bool needs_projection(int64_t in, int64_t planes, int64_t stride) { return stride != 1 || in != planes * Bottleneck::expansion; }

// Adds a main branch and a shortcut: the one piece that a plain sequence cannot say.
class Residual : public nn::Module {
 public:
  Residual(Ref<nn::Sequential> main, Ref<nn::Sequential> shortcut) {
    register_module("main", Ref<nn::Module>(main.get()));
    register_module("shortcut", Ref<nn::Module>(shortcut.get()));
  }
  Tensor forward(const Tensor& x) override {
    nn::Module* shortcut = find_child("shortcut");
    return relu((*find_child("main"))(x) + (shortcut ? (*shortcut)(x) : x));
  }
};

Ref<nn::Sequential> bottleneck_branch(int64_t in, int64_t planes, int64_t stride) {
  return nn::make<nn::Sequential>(conv(in, planes, 1), norm(planes), nn::make<nn::ReLU>(), conv(planes, planes, 3, stride), norm(planes),
                                  nn::make<nn::ReLU>(), conv(planes, planes * Bottleneck::expansion, 1), norm(planes * Bottleneck::expansion));
}

Ref<nn::Sequential> projection(int64_t in, int64_t planes, int64_t stride) {
  const int64_t out = planes * Bottleneck::expansion;
  return nn::make<nn::Sequential>(conv(in, out, 1, stride), norm(out));
}

// Calls f(in, planes, stride) for each block.
template <class F>
void each_block(const Dims& layers, F&& f) {
  int64_t in = 64;
  for (int stage = 0; stage < layers.size(); ++stage) {
    for (int64_t i = 0; i < layers[stage]; ++i) {
      f(stage, in, widths[stage], i == 0 && stage > 0 ? 2 : 1);
      in = widths[stage] * Bottleneck::expansion;
    }
  }
}

}  // namespace

Bottleneck::Bottleneck(BottleneckOptions o) : Layer(o) {
  ensure(config.planes >= 1 && config.in_channels >= 1 && config.stride >= 1, "Bottleneck: planes, in_channels and stride must be at least 1");
  const int64_t planes = config.planes;
  const auto put = [&](const char* name, auto layer) { register_module(name, Ref<nn::Module>(layer.get())); };
  put("conv1", conv(config.in_channels, planes, 1)), put("bn1", norm(planes));
  put("conv2", conv(planes, planes, 3, config.stride)), put("bn2", norm(planes));
  put("conv3", conv(planes, planes * expansion, 1)), put("bn3", norm(planes * expansion));
  put("relu", nn::make<nn::ReLU>());
  if (needs_projection(config.in_channels, planes, config.stride)) put("downsample", projection(config.in_channels, planes, config.stride));
}

Tensor Bottleneck::forward(const Tensor& x) {
  const auto layer = [&](const char* name, const Tensor& t) { return (*find_child(name))(t); };
  Tensor y = layer("relu", layer("bn1", layer("conv1", x)));
  y = layer("relu", layer("bn2", layer("conv2", y)));
  y = layer("bn3", layer("conv3", y));
  return layer("relu", y + (find_child("downsample") ? layer("downsample", x) : x));
}

ResNet::ResNet(ResNetOptions o) : Layer(std::move(o)) {
  config.layers = nn::spread(config.layers, 4, "ResNet", "layers");
  const auto put = [&](const std::string& name, auto layer) { register_module(name, Ref<nn::Module>(layer.get())); };
  put("conv1", conv(config.in_channels, 64, 7, 2)), put("bn1", norm(64)), put("relu", nn::make<nn::ReLU>());
  put("maxpool", nn::make<nn::MaxPool2d>(3, nn::MaxPoolOptions{.stride = 2, .padding = 1}));
  for (int stage = 0; stage < 4; ++stage) put(concat("layer", stage + 1), nn::make<nn::Sequential>());
  each_block(config.layers.dims, [&](int stage, int64_t in, int64_t planes, int64_t stride) {
    auto block = nn::make<Bottleneck>(BottleneckOptions{.planes = planes, .stride = stride, .in_channels = in});
    static_cast<nn::Sequential&>(*find_child(concat("layer", stage + 1))).append(Ref<nn::Module>(block.get()));
  });
  put("avgpool", nn::make<nn::AdaptiveAvgPool2d>(1));
  const int64_t features = widths[3] * Bottleneck::expansion;
  put("fc", nn::make<nn::Linear>(config.num_classes, nn::LinearOptions{.in_features = features}));
}

Tensor ResNet::forward(const Tensor& images) {
  Tensor x = images;
  for (const char* name : {"conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool"}) x = (*find_child(name))(x);
  return (*find_child("fc"))(flatten(x, 1));
}

Ref<ResNet> resnet50(int64_t num_classes) { return nn::make<ResNet>(ResNetOptions{.num_classes = num_classes}); }

Ref<nn::Sequential> resnet50_sequential(int64_t num_classes) {
  auto net = nn::make<nn::Sequential>(conv(3, 64, 7, 2), norm(64), nn::make<nn::ReLU>(),
                                      nn::make<nn::MaxPool2d>(3, nn::MaxPoolOptions{.stride = 2, .padding = 1}));
  each_block({3, 4, 6, 3}, [&](int, int64_t in, int64_t planes, int64_t stride) {
    const bool project = needs_projection(in, planes, stride);
    auto main = bottleneck_branch(in, planes, stride);
    net->append(nn::make<Residual>(main, project ? projection(in, planes, stride) : Ref<nn::Sequential>()).get());
  });
  net->append(nn::make<nn::AdaptiveAvgPool2d>(1).get());
  net->append(nn::make<nn::Flatten>().get());
  net->append(nn::make<nn::Linear>(num_classes, nn::LinearOptions{.in_features = widths[3] * Bottleneck::expansion}).get());
  return net;
}

Ref<nn::Model> resnet50_functional(int64_t num_classes, const Shape& image) {
  const Tensor input = nn::Input(image);
  const auto unit = [](const Tensor& x, int64_t in, int64_t out, int64_t kernel, int64_t stride) {
    return (*norm(out))((*conv(in, out, kernel, stride))(x));
  };
  ensure(image.size() == 3, "resnet50_functional: image must be (channels, height, width), but is ", to_string(image));
  Tensor x = std::get<Tensor>(max_pool2d(relu(unit(input, image[0], 64, 7, 2)), {3}, Dims{2}, {1}));
  each_block({3, 4, 6, 3}, [&](int, int64_t in, int64_t planes, int64_t stride) {
    const int64_t out = planes * Bottleneck::expansion;
    Tensor y = relu(unit(x, in, planes, 1, 1));
    y = relu(unit(y, planes, planes, 3, stride));
    y = unit(y, planes, out, 1, 1);
    x = relu(y + (needs_projection(in, planes, stride) ? unit(x, in, out, 1, stride) : x));
  });
  x = flatten(mean(x, {2, 3}, true), 1);
  return nn::make<nn::Model>(input, (*nn::make<nn::Linear>(num_classes))(x));
}

}  // namespace deepseek::models
