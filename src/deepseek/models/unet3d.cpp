#include "deepseek/models/unet3d.h"

#include "deepseek/models/layers.h"
#include "deepseek/nn/conv_transpose.h"
#include "deepseek/nn/pool.h"
#include "deepseek/ops.h"

namespace deepseek::models {
namespace {

Ref<nn::Module> norm3d(const std::string& kind, int64_t channels) {
  if (kind == "batch")
    return Ref<nn::Module>(nn::make<nn::BatchNorm3d>(nn::BatchNormOptions{.num_features = channels}).get());
  return Ref<nn::Module>(
      nn::make<nn::InstanceNorm3d>(nn::InstanceNormOptions{.affine = true, .num_features = channels}).get());
}

void check_norm(const char* who, const std::string& norm) {
  ensure(norm == "instance" || norm == "batch" || norm == "none", who,
         ": norm must be 'instance', 'batch' or 'none', but is '", norm, "'");
}

std::string level_name(const char* what, int level) {
  return concat(what, level);
}

}  // namespace

DoubleConv3d::DoubleConv3d(DoubleConv3dOptions o) : Layer(std::move(o)) {
  ensure(config.planes >= 1 && config.in_channels >= 1,
         "DoubleConv3d: planes and in_channels must be at least 1, but are ", config.planes, " and ",
         config.in_channels);
  check_norm("DoubleConv3d", config.norm);
  const bool bare = config.norm == "none";
  for (int i = 1; i <= 2; ++i) {
    auto conv = add<nn::Conv3d>(
        concat("conv", i), config.planes, 3,
        nn::ConvOptions{.padding = 1, .bias = bare, .in_channels = i == 1 ? config.in_channels : config.planes});
    if (!nn::init::skip) nn::init::kaiming_normal_(conv->parameter("weight"), 0, "fan_out", "relu").eval();
    if (!bare) put(*this, concat("norm", i), norm3d(config.norm, config.planes));
  }
}

Tensor DoubleConv3d::forward(const Tensor& input) {
  Tensor x = input;
  for (int i = 1; i <= 2; ++i) {
    x = through(*this, concat("conv", i), x);
    if (config.norm != "none") x = through(*this, concat("norm", i), x);
    x = relu(x);
  }
  return x;
}

UNet3d::UNet3d(UNet3dOptions o) : Layer(std::move(o)) {
  const Dims& c = config.channels.dims;
  ensure(c.size() >= 2, "UNet3d: channels must be at least 2 numbers, but is ", to_string(c));
  for (int64_t n : c) ensure(n >= 1, "UNet3d: channels must be at least 1, but are ", to_string(c));
  ensure(config.num_classes >= 1 && config.in_channels >= 1,
         "UNet3d: num_classes and in_channels must be at least 1, but are ", config.num_classes, " and ",
         config.in_channels);
  check_norm("UNet3d", config.norm);
  const auto block = [&](const std::string& name, int64_t in, int64_t out) {
    put(*this, name,
        nn::make<DoubleConv3d>(DoubleConv3dOptions{.planes = out, .norm = config.norm, .in_channels = in}));
  };
  for (int i = 0; i < c.size(); ++i) block(level_name("encoder", i), i == 0 ? config.in_channels : c[i - 1], c[i]);
  add<nn::MaxPool3d>("pool", 2);
  for (int i = c.size() - 2; i >= 0; --i) {
    add<nn::ConvTranspose3d>(level_name("up", i), c[i], 2,
                             nn::ConvTransposeOptions{.stride = 2, .in_channels = c[i + 1]});
    block(level_name("decoder", i), 2 * c[i], c[i]);
  }
  add<nn::Conv3d>("head", config.num_classes, 1, nn::ConvOptions{.in_channels = c[0]});
}

Tensor UNet3d::forward(const Tensor& volumes) {
  const int deepest = config.channels.dims.size() - 1;
  ensure(volumes.rank() == 5, "UNet3d: the input must be (N, C, D, H, W), but is ", to_string(volumes.shape()));
  for (int d = 2; d < 5; ++d) {
    ensure(volumes.size(d) > 0 && volumes.size(d) % (int64_t{1} << deepest) == 0,
           "UNet3d: D, H and W must be multiples of ", 1 << deepest, ", but the input is ", to_string(volumes.shape()));
  }
  std::vector<Tensor> levels;
  Tensor x = volumes;
  for (int i = 0; i <= deepest; ++i) {
    if (i > 0) x = through(*this, "pool", x);
    x = through(*this, level_name("encoder", i), x);
    levels.push_back(x);
  }
  for (int i = deepest - 1; i >= 0; --i) {
    x = cat({levels[static_cast<size_t>(i)], through(*this, level_name("up", i), x)}, 1);
    x = through(*this, level_name("decoder", i), x);
  }
  return through(*this, "head", x);
}

Ref<UNet3d> unet3d(int64_t num_classes, const Dims& channels, const std::string& norm, int64_t in_channels) {
  return nn::make<UNet3d>(
      UNet3dOptions{.num_classes = num_classes, .channels = channels, .norm = norm, .in_channels = in_channels});
}

}  // namespace deepseek::models
