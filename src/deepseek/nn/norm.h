#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = true;
  bool track_running_stats = true;
  std::optional<int64_t> num_features = {};
  static constexpr auto fields = std::tuple{
      field("eps", &BatchNormOptions::eps), field("momentum", &BatchNormOptions::momentum),
      field("affine", &BatchNormOptions::affine), field("track_running_stats", &BatchNormOptions::track_running_stats),
      field("num_features", &BatchNormOptions::num_features, keyword_only)};
};
struct InstanceNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  std::optional<int64_t> num_features = {};
  static constexpr auto fields = std::tuple{
      field("eps", &InstanceNormOptions::eps), field("momentum", &InstanceNormOptions::momentum),
      field("affine", &InstanceNormOptions::affine), field("track_running_stats", &InstanceNormOptions::track_running_stats),
      field("num_features", &InstanceNormOptions::num_features, keyword_only)};
};

// Statistics over batch and space (batch norm), or over space alone (instance norm).
template <class O>
class ChannelNorm : public Layer<O, SizedLayer> {
 public:
  using Layer<O, SizedLayer>::config;
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  ChannelNorm(O options, int least_rank, int most_rank, bool per_image);
  void build(int64_t width) override;

 private:
  void track(const Tensor& mean, const Tensor& variance, int64_t count);
  int least_rank_, most_rank_;
  bool per_image_;
};

#define DEEPSEEK_CHANNEL_NORM(name, options, least, most, per_image, text)                                 \
  class name : public ChannelNorm<options> {                                                               \
   public:                                                                                                 \
    static constexpr const char* doc = text;                                                               \
    explicit name(options o = {}) : ChannelNorm(std::move(o), least, most, per_image) {}                   \
  }
#define DEEPSEEK_BATCH_NORM_DOC(shape)                                                                                    \
  "Scales each channel to mean 0 and variance 1 over batch and space, then by weight and bias. In training the batch's "  \
  "own statistics are used and running ones are updated by `momentum` (None: a plain average); evaluation uses the "      \
  "running ones.\n\nShapes: input and output " shape ". The channels are learnt at the first call unless `num_features` is given."

DEEPSEEK_CHANNEL_NORM(BatchNorm1d, BatchNormOptions, 2, 3, false, DEEPSEEK_BATCH_NORM_DOC("(N, C) or (N, C, L)"));
DEEPSEEK_LAYER(BatchNorm1d);
DEEPSEEK_CHANNEL_NORM(BatchNorm2d, BatchNormOptions, 4, 4, false,
                      DEEPSEEK_BATCH_NORM_DOC("(N, C, H, W)") "\n\nExample:\n    >>> BatchNorm2d()(deepseek.randn(8, 3, 4, 4)).shape\n"
                                                              "    (8, 3, 4, 4)");
DEEPSEEK_LAYER(BatchNorm2d);
DEEPSEEK_CHANNEL_NORM(BatchNorm3d, BatchNormOptions, 5, 5, false, DEEPSEEK_BATCH_NORM_DOC("(N, C, D, H, W)"));
DEEPSEEK_LAYER(BatchNorm3d);
#define DEEPSEEK_INSTANCE_NORM_DOC(shape) \
  "Scales each channel of each image to mean 0 and variance 1 over space.\n\nShapes: input and output " shape "."
DEEPSEEK_CHANNEL_NORM(InstanceNorm1d, InstanceNormOptions, 3, 3, true, DEEPSEEK_INSTANCE_NORM_DOC("(N, C, L) or (C, L)"));
DEEPSEEK_LAYER(InstanceNorm1d);
DEEPSEEK_CHANNEL_NORM(InstanceNorm2d, InstanceNormOptions, 4, 4, true, DEEPSEEK_INSTANCE_NORM_DOC("(N, C, H, W) or (C, H, W)"));
DEEPSEEK_LAYER(InstanceNorm2d);
DEEPSEEK_CHANNEL_NORM(InstanceNorm3d, InstanceNormOptions, 5, 5, true, DEEPSEEK_INSTANCE_NORM_DOC("(N, C, D, H, W) or (C, D, H, W)"));
DEEPSEEK_LAYER(InstanceNorm3d);

struct LayerNormOptions {
  Sizes normalized_shape = {};
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
  static constexpr auto fields =
      std::tuple{field("normalized_shape", &LayerNormOptions::normalized_shape), field("eps", &LayerNormOptions::eps),
                 field("elementwise_affine", &LayerNormOptions::elementwise_affine), field("bias", &LayerNormOptions::bias)};
};
class LayerNorm : public Layer<LayerNormOptions, SizedLayer> {
 public:
  static constexpr const char* doc =
      "Scales each sample to mean 0 and variance 1 over the trailing dims `normalized_shape`, then by weight and bias. Without "
      "`normalized_shape` it is the last dim, learnt at the first call.\n\n"
      "Example:\n    >>> LayerNorm()(deepseek.randn(8, 16, 64)).shape\n    (8, 16, 64)";
  explicit LayerNorm(LayerNormOptions options = {});
  explicit LayerNorm(Sizes normalized_shape) : LayerNorm(LayerNormOptions{.normalized_shape = normalized_shape}) {}
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  void build(int64_t width) override;
};
DEEPSEEK_LAYER(LayerNorm);

struct RMSNormOptions {
  Sizes normalized_shape = {};
  std::optional<double> eps = {};
  bool elementwise_affine = true;
  static constexpr auto fields =
      std::tuple{field("normalized_shape", &RMSNormOptions::normalized_shape), field("eps", &RMSNormOptions::eps),
                 field("elementwise_affine", &RMSNormOptions::elementwise_affine)};
};
class RMSNorm : public Layer<RMSNormOptions, SizedLayer> {
 public:
  static constexpr const char* doc =
      "Divides by the root of the mean square over the trailing dims `normalized_shape`, then scales by weight. Without "
      "`normalized_shape` it is the last dim, learnt at the first call.";
  explicit RMSNorm(RMSNormOptions options = {});
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  void build(int64_t width) override;
};
DEEPSEEK_LAYER(RMSNorm);

struct GroupNormOptions {
  int64_t num_groups = 0;
  double eps = 1e-5;
  bool affine = true;
  bool bias = true;
  std::optional<int64_t> num_channels = {};
  static constexpr auto fields =
      std::tuple{field("num_groups", &GroupNormOptions::num_groups, required), field("eps", &GroupNormOptions::eps),
                 field("affine", &GroupNormOptions::affine), field("bias", &GroupNormOptions::bias, keyword_only),
                 field("num_channels", &GroupNormOptions::num_channels, keyword_only)};
};
class GroupNorm : public Layer<GroupNormOptions, SizedLayer> {
 public:
  static constexpr const char* doc =
      "Splits the channels into groups and scales each group of each sample to mean 0 and variance 1, then by weight and bias.\n\n"
      "Shapes: input and output (N, C, *), C a multiple of num_groups; learnt at the first call unless `num_channels` is given.";
  explicit GroupNorm(GroupNormOptions options);
  Tensor forward(const Tensor& input) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  void build(int64_t width) override;
};
DEEPSEEK_LAYER(GroupNorm);

struct LocalResponseNormOptions {
  int64_t size = 0;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
  static constexpr auto fields = std::tuple{
      field("size", &LocalResponseNormOptions::size, required), field("alpha", &LocalResponseNormOptions::alpha),
      field("beta", &LocalResponseNormOptions::beta), field("k", &LocalResponseNormOptions::k)};
};
class LocalResponseNorm : public Layer<LocalResponseNormOptions> {
 public:
  static constexpr const char* doc =
      "x / (k + alpha * mean of the squares of `size` neighbouring channels) ** beta; input (N, C, *).";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(LocalResponseNorm);

}  // namespace deepseek::nn
