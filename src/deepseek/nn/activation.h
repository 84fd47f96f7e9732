#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct InplaceOptions {
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("inplace", &InplaceOptions::inplace)};
};

#define DEEPSEEK_ACTIVATION(name, options, text)    \
  class name : public Layer<options> {              \
   public:                                          \
    static constexpr const char* doc = text;        \
    using Layer::Layer;                             \
    Tensor forward(const Tensor& input) override;   \
  }

DEEPSEEK_ACTIVATION(ReLU, InplaceOptions, "max(x, 0), element by element; any shape.");
DEEPSEEK_LAYER(ReLU);
DEEPSEEK_ACTIVATION(ReLU6, InplaceOptions, "min(max(x, 0), 6), element by element; any shape.");
DEEPSEEK_LAYER(ReLU6);
DEEPSEEK_ACTIVATION(SELU, InplaceOptions, "The self-normalising exponential linear unit; any shape.");
DEEPSEEK_LAYER(SELU);
DEEPSEEK_ACTIVATION(SiLU, InplaceOptions, "x * sigmoid(x), also known as swish; any shape.");
DEEPSEEK_LAYER(SiLU);
DEEPSEEK_ACTIVATION(Mish, InplaceOptions, "x * tanh(softplus(x)); any shape.");
DEEPSEEK_LAYER(Mish);
DEEPSEEK_ACTIVATION(Hardsigmoid, InplaceOptions, "relu6(x + 3) / 6; any shape.");
DEEPSEEK_LAYER(Hardsigmoid);
DEEPSEEK_ACTIVATION(Hardswish, InplaceOptions, "x * relu6(x + 3) / 6; any shape.");
DEEPSEEK_LAYER(Hardswish);
DEEPSEEK_ACTIVATION(Sigmoid, NoOptions, "1 / (1 + exp(-x)); any shape.");
DEEPSEEK_LAYER(Sigmoid);
DEEPSEEK_ACTIVATION(LogSigmoid, NoOptions, "log(sigmoid(x)) without overflow; any shape.");
DEEPSEEK_LAYER(LogSigmoid);
DEEPSEEK_ACTIVATION(Tanh, NoOptions, "tanh(x); any shape.");
DEEPSEEK_LAYER(Tanh);
DEEPSEEK_ACTIVATION(Tanhshrink, NoOptions, "x - tanh(x); any shape.");
DEEPSEEK_LAYER(Tanhshrink);
DEEPSEEK_ACTIVATION(Softsign, NoOptions, "x / (1 + |x|); any shape.");
DEEPSEEK_LAYER(Softsign);

struct LeakyReLUOptions {
  double negative_slope = 0.01;
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("negative_slope", &LeakyReLUOptions::negative_slope),
                                            field("inplace", &LeakyReLUOptions::inplace)};
};
DEEPSEEK_ACTIVATION(LeakyReLU, LeakyReLUOptions, "x where positive, negative_slope * x elsewhere; any shape.");
DEEPSEEK_LAYER(LeakyReLU);

struct AlphaOptions {
  double alpha = 1;
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("alpha", &AlphaOptions::alpha), field("inplace", &AlphaOptions::inplace)};
};
DEEPSEEK_ACTIVATION(ELU, AlphaOptions, "x where positive, alpha * (exp(x) - 1) elsewhere; any shape.");
DEEPSEEK_LAYER(ELU);
DEEPSEEK_ACTIVATION(CELU, AlphaOptions, "x where positive, alpha * (exp(x / alpha) - 1) elsewhere; any shape.");
DEEPSEEK_LAYER(CELU);

struct GELUOptions {
  std::string approximate = "none";
  static constexpr auto fields = std::tuple{field("approximate", &GELUOptions::approximate)};
};
DEEPSEEK_ACTIVATION(GELU, GELUOptions, "x times the normal distribution function at x; approximate='tanh' for the fast form.");
DEEPSEEK_LAYER(GELU);

struct SoftplusOptions {
  double beta = 1;
  double threshold = 20;
  static constexpr auto fields =
      std::tuple{field("beta", &SoftplusOptions::beta), field("threshold", &SoftplusOptions::threshold)};
};
DEEPSEEK_ACTIVATION(Softplus, SoftplusOptions, "log(1 + exp(beta * x)) / beta, linear where beta * x exceeds `threshold`.");
DEEPSEEK_LAYER(Softplus);

struct HardtanhOptions {
  double min_val = -1;
  double max_val = 1;
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("min_val", &HardtanhOptions::min_val),
                                            field("max_val", &HardtanhOptions::max_val),
                                            field("inplace", &HardtanhOptions::inplace)};
};
DEEPSEEK_ACTIVATION(Hardtanh, HardtanhOptions, "x clipped to [min_val, max_val]; any shape.");
DEEPSEEK_LAYER(Hardtanh);

struct LambdOptions {
  double lambd = 0.5;
  static constexpr auto fields = std::tuple{field("lambd", &LambdOptions::lambd)};
};
DEEPSEEK_ACTIVATION(Softshrink, LambdOptions, "x moved towards zero by lambd, zero within [-lambd, lambd].");
DEEPSEEK_LAYER(Softshrink);
DEEPSEEK_ACTIVATION(Hardshrink, LambdOptions, "x, but zero within [-lambd, lambd].");
DEEPSEEK_LAYER(Hardshrink);

struct ThresholdOptions {
  double threshold = 0;
  double value = 0;
  bool inplace = false;
  static constexpr auto fields = std::tuple{field("threshold", &ThresholdOptions::threshold, required),
                                            field("value", &ThresholdOptions::value, required),
                                            field("inplace", &ThresholdOptions::inplace)};
};
DEEPSEEK_ACTIVATION(Threshold, ThresholdOptions, "x where it exceeds `threshold`, `value` elsewhere.");
DEEPSEEK_LAYER(Threshold);

struct DimOptions {
  int64_t dim = -1;
  static constexpr auto fields = std::tuple{field("dim", &DimOptions::dim)};
};
DEEPSEEK_ACTIVATION(Softmax, DimOptions, "Exponentials scaled so that each line along `dim` (the last by default) sums to one.");
DEEPSEEK_LAYER(Softmax);
DEEPSEEK_ACTIVATION(Softmax2d, NoOptions, "softmax over the channels of (N, C, H, W) or (C, H, W).");
DEEPSEEK_LAYER(Softmax2d);
DEEPSEEK_ACTIVATION(Softmin, DimOptions, "softmax(-x) along `dim`.");
DEEPSEEK_LAYER(Softmin);
DEEPSEEK_ACTIVATION(LogSoftmax, DimOptions, "log(softmax(x)) along `dim`, without overflow.");
DEEPSEEK_LAYER(LogSoftmax);
DEEPSEEK_ACTIVATION(GLU, DimOptions, "The first half along `dim` times the sigmoid of the second half.");
DEEPSEEK_LAYER(GLU);

struct PReLUOptions {
  int64_t num_parameters = 1;
  double init = 0.25;
  static constexpr auto fields =
      std::tuple{field("num_parameters", &PReLUOptions::num_parameters), field("init", &PReLUOptions::init)};
};
class PReLU : public Layer<PReLUOptions> {
 public:
  static constexpr const char* doc =
      "x where positive, weight * x elsewhere, with a learnt slope for all channels or one for each.\n\n"
      "Shapes: input (N, C, *) with C = num_parameters, or any when num_parameters is 1.";
  explicit PReLU(PReLUOptions options = {});
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(PReLU);

}  // namespace deepseek::nn
