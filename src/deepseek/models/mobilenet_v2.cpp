#include "deepseek/models/mobilenet_v2.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/models/layers.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/dropout.h"
#include "deepseek/nn/linear.h"
#include "deepseek/ops.h"

namespace deepseek::models {
namespace {

// The nearest multiple of 8 that loses no more than a tenth.
int64_t scaled(int64_t channels, double width) {
  const double wanted = static_cast<double>(channels) * width;
  const int64_t n = std::max<int64_t>(8, static_cast<int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(n) < 0.9 * wanted ? n + 8 : n;
}

void check_padding(const char* who, const std::string& padding) {
  ensure(padding == "symmetric" || padding == "same", who, ": padding must be 'symmetric' or 'same', but is '", padding,
         "'");
}

Ref<nn::Sequential> conv_norm_relu(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups,
                                   const std::string& padding) {
  auto unit = nn::make<nn::Sequential>();
  const bool same = padding == "same" && stride > 1;
  if (same) put(*unit, "pad", nn::make<SamePad2d>(SamePad2dOptions{.kernel_size = kernel, .stride = stride}));
  put(*unit, "0", conv2d_he(in, out, kernel, stride, same ? 0 : -1, groups));
  put(*unit, "1", norm2d(out));
  put(*unit, "2", nn::make<nn::ReLU6>());
  return unit;
}

}  // namespace

SamePad2d::SamePad2d(SamePad2dOptions o) : Layer(o) {
  ensure(config.kernel_size >= 1 && config.stride >= 1,
         "SamePad2d: kernel_size and stride must be at least 1, but are ", config.kernel_size, " and ", config.stride);
}

Tensor SamePad2d::forward(const Tensor& x) {
  ensure(x.rank() == 4, "SamePad2d: the input must be (N, C, H, W), but is ", to_string(x.shape()));
  const auto missing = [&](int dim) {
    const int64_t in = x.size(dim), windows = (in + config.stride - 1) / config.stride;
    return std::max<int64_t>((windows - 1) * config.stride + config.kernel_size - in, 0);
  };
  const int64_t h = missing(2), w = missing(3);
  return pad(x, {w / 2, w - w / 2, h / 2, h - h / 2});
}

InvertedResidual::InvertedResidual(InvertedResidualOptions o) : Layer(std::move(o)) {
  const auto& c = config;
  ensure(c.planes >= 1 && c.in_channels >= 1 && c.expand_ratio >= 1 && (c.stride == 1 || c.stride == 2),
         "InvertedResidual: planes, in_channels and expand_ratio must be at least 1 and stride 1 or 2, but are ",
         c.planes, ", ", c.in_channels, ", ", c.expand_ratio, " and ", c.stride);
  check_padding("InvertedResidual", c.padding);
  const int64_t hidden = c.in_channels * c.expand_ratio;
  auto conv = nn::make<nn::Sequential>();
  if (c.expand_ratio != 1) conv->append(conv_norm_relu(c.in_channels, hidden, 1, 1, 1, c.padding).get());
  conv->append(conv_norm_relu(hidden, hidden, 3, c.stride, hidden, c.padding).get());
  conv->append(conv2d_he(hidden, c.planes, 1).get());
  conv->append(norm2d(c.planes).get());
  put(*this, "conv", conv);
}

Tensor InvertedResidual::forward(const Tensor& x) {
  const Tensor y = through(*this, "conv", x);
  return config.stride == 1 && config.in_channels == config.planes ? x + y : y;
}

MobileNetV2::MobileNetV2(MobileNetV2Options o) : Layer(std::move(o)) {
  ensure(config.width_mult > 0 && config.width_mult <= 64,
         "MobileNetV2: width_mult must be above 0 and at most 64, but is ", config.width_mult);
  ensure(config.in_channels >= 1, "MobileNetV2: in_channels must be at least 1, but is ", config.in_channels);
  check_padding("MobileNetV2", config.padding);
  struct Stage {
    int64_t expand, channels, blocks, stride;
  };
  constexpr Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                              {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  auto features = nn::make<nn::Sequential>();
  int64_t in = scaled(32, config.width_mult);
  features->append(conv_norm_relu(config.in_channels, in, 3, 2, 1, config.padding).get());
  for (const Stage& s : stages) {
    const int64_t out = scaled(s.channels, config.width_mult);
    for (int64_t i = 0; i < s.blocks; ++i, in = out) {
      features->append(nn::make<InvertedResidual>(InvertedResidualOptions{.planes = out,
                                                                          .stride = i == 0 ? s.stride : 1,
                                                                          .expand_ratio = s.expand,
                                                                          .padding = config.padding,
                                                                          .in_channels = in})
                           .get());
    }
  }
  const int64_t last = scaled(1280, std::max(1.0, config.width_mult));
  features->append(conv_norm_relu(in, last, 1, 1, 1, config.padding).get());
  put(*this, "features", features);
  auto linear = nn::make<nn::Linear>(config.num_classes, nn::LinearOptions{.in_features = last});
  if (!nn::init::skip) {
    nn::init::normal_(linear->parameter("weight"), 0, 0.01).eval();
    nn::init::zeros_(linear->parameter("bias")).eval();
  }
  put(*this, "classifier",
      nn::make<nn::Sequential>(nn::make<nn::Dropout>(nn::DropoutOptions{.p = config.dropout}), linear));
}

Tensor MobileNetV2::forward(const Tensor& images) {
  return through(*this, "classifier", mean(through(*this, "features", images), {2, 3}));
}

Ref<MobileNetV2> mobilenet_v2(int64_t num_classes, double width_mult, const std::string& padding) {
  return nn::make<MobileNetV2>(
      MobileNetV2Options{.num_classes = num_classes, .width_mult = width_mult, .padding = padding});
}

}  // namespace deepseek::models
