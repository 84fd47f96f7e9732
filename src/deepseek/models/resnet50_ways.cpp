// ResNet-50 as a plain sequence and as a function of a symbolic input.
#include "deepseek/graph/operators.h"
#include "deepseek/models/layers.h"
#include "deepseek/models/resnet.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/pool.h"
#include "deepseek/nn/shape.h"
#include "deepseek/ops.h"

namespace deepseek::models {
namespace {

constexpr int64_t features = 512 * Bottleneck::expansion;

// Adds a main branch and a shortcut: the one piece that a plain sequence cannot say.
class Residual : public nn::Module {
 public:
  Residual(Ref<nn::Sequential> main, Ref<nn::Module> shortcut) {
    put(*this, "main", main);
    register_module("shortcut", std::move(shortcut));
  }
  Tensor forward(const Tensor& x) override {
    return relu(through(*this, "main", x) + (find_child("shortcut") ? through(*this, "shortcut", x) : x));
  }
};

Ref<nn::Sequential> bottleneck_branch(int64_t in, int64_t planes, int64_t stride) {
  const int64_t out = planes * Bottleneck::expansion;
  return nn::make<nn::Sequential>(conv2d_he(in, planes, 1), norm2d(planes), nn::make<nn::ReLU>(),
                                  conv2d_he(planes, planes, 3, stride), norm2d(planes), nn::make<nn::ReLU>(),
                                  conv2d_he(planes, out, 1), norm2d(out));
}

// Calls f(in, planes, stride) for each block.
template <class F>
void each_block(F&& f) {
  int64_t in = 64, planes = 64;
  for (int64_t blocks : {3, 4, 6, 3}) {
    for (int64_t i = 0; i < blocks; ++i) {
      f(in, planes, i == 0 && planes > 64 ? 2 : 1);
      in = planes * Bottleneck::expansion;
    }
    planes *= 2;
  }
}

}  // namespace

Ref<nn::Sequential> resnet50_sequential(int64_t num_classes) {
  auto net = nn::make<nn::Sequential>(conv2d_he(3, 64, 7, 2), norm2d(64), nn::make<nn::ReLU>(),
                                      nn::make<nn::MaxPool2d>(3, nn::MaxPoolOptions{.stride = 2, .padding = 1}));
  each_block([&](int64_t in, int64_t planes, int64_t stride) {
    const int64_t out = planes * Bottleneck::expansion;
    auto main = bottleneck_branch(in, planes, stride);
    net->append(
        nn::make<Residual>(main, changes_shape(in, out, stride) ? projection(in, out, stride) : Ref<nn::Module>())
            .get());
  });
  net->append(nn::make<nn::AdaptiveAvgPool2d>(1).get());
  net->append(nn::make<nn::Flatten>().get());
  net->append(nn::make<nn::Linear>(num_classes, nn::LinearOptions{.in_features = features}).get());
  return net;
}

Ref<nn::Model> resnet50_functional(int64_t num_classes, const Shape& image) {
  ensure(image.size() == 3, "resnet50_functional: image must be (channels, height, width), but is ", to_string(image));
  const Tensor input = nn::Input(image);
  const auto unit = [](const Tensor& x, int64_t in, int64_t out, int64_t kernel, int64_t stride) {
    return (*norm2d(out))((*conv2d_he(in, out, kernel, stride))(x));
  };
  Tensor x = std::get<Tensor>(max_pool2d(relu(unit(input, image[0], 64, 7, 2)), {3}, Dims{2}, {1}));
  each_block([&](int64_t in, int64_t planes, int64_t stride) {
    const int64_t out = planes * Bottleneck::expansion;
    Tensor y = relu(unit(x, in, planes, 1, 1));
    y = relu(unit(y, planes, planes, 3, stride));
    y = unit(y, planes, out, 1, 1);
    x = relu(y + (changes_shape(in, out, stride) ? unit(x, in, out, 1, stride) : x));
  });
  x = flatten(mean(x, {2, 3}, true), 1);
  return nn::make<nn::Model>(input, (*nn::make<nn::Linear>(num_classes))(x));
}

}  // namespace deepseek::models
