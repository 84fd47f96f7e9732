#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct LinearOptions {
  int64_t out_features = 0;
  bool bias = true;
  std::optional<int64_t> in_features = {};
  static constexpr auto fields =
      std::tuple{field("out_features", &LinearOptions::out_features, required), field("bias", &LinearOptions::bias),
                 field("in_features", &LinearOptions::in_features, keyword_only)};
};

class Linear : public Layer<LinearOptions, SizedLayer> {
 public:
  static constexpr const char* doc =
      "y = x @ weight.T + bias over the last dim.\n\n"
      "Shapes: input (*, in_features), output (*, out_features); weight (out_features, in_features), bias (out_features,).\n"
      "The input's width is learnt at the first call unless `in_features` is given.\n\n"
      "Example:\n    >>> Linear(10)(deepseek.randn(32, 784)).shape\n    (32, 10)";
  explicit Linear(LinearOptions options);
  explicit Linear(int64_t out_features, LinearOptions more = {});
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  void build(int64_t width) override;
};
DEEPSEEK_LAYER(Linear);

struct BilinearOptions {
  int64_t out_features = 0;
  bool bias = true;
  std::optional<int64_t> in1_features = {};
  std::optional<int64_t> in2_features = {};
  static constexpr auto fields =
      std::tuple{field("out_features", &BilinearOptions::out_features, required), field("bias", &BilinearOptions::bias),
                 field("in1_features", &BilinearOptions::in1_features, keyword_only),
                 field("in2_features", &BilinearOptions::in2_features, keyword_only)};
};

class Bilinear : public Layer<BilinearOptions> {
 public:
  static constexpr const char* doc =
      "y[k] = x1 @ weight[k] @ x2 + bias[k].\n\n"
      "Shapes: inputs (*, in1_features) and (*, in2_features), output (*, out_features); weight (out_features, in1_features, "
      "in2_features).\n\n"
      "Example:\n    >>> Bilinear(4)(deepseek.randn(8, 3), deepseek.randn(8, 5)).shape\n    (8, 4)";
  explicit Bilinear(BilinearOptions options);
  TensorList forward_many(const TensorList& inputs) override;
  bool built() const override { return parameter("weight").defined(); }
  void build_from(std::string_view name, const Shape& shape) override;

 private:
  void build(int64_t in1, int64_t in2);
};
DEEPSEEK_LAYER(Bilinear);

class Identity : public Layer<NoOptions> {
 public:
  static constexpr const char* doc = "Returns its input.";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override { return input; }
};
DEEPSEEK_LAYER(Identity);

}  // namespace deepseek::nn
