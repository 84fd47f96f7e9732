// Pools by a norm, and the way back from the places of the largest elements.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct LPPoolOptions {
  double norm_type = 2;
  Sizes kernel_size = {};
  Sizes stride = {};
  bool ceil_mode = false;
  static constexpr auto fields =
      std::tuple{field("norm_type", &LPPoolOptions::norm_type, required),
                 field("kernel_size", &LPPoolOptions::kernel_size, required), field("stride", &LPPoolOptions::stride),
                 field("ceil_mode", &LPPoolOptions::ceil_mode)};
};
struct MaxUnpoolOptions {
  Sizes kernel_size = {};
  Sizes stride = {};
  Sizes padding = 0;
  static constexpr auto fields =
      std::tuple{field("kernel_size", &MaxUnpoolOptions::kernel_size, required),
                 field("stride", &MaxUnpoolOptions::stride), field("padding", &MaxUnpoolOptions::padding)};
};

#define DEEPSEEK_LP_POOL(name, text)              \
  class name : public Layer<LPPoolOptions> {      \
   public:                                        \
    static constexpr const char* doc = text;      \
    explicit name(LPPoolOptions options);         \
    Tensor forward(const Tensor& input) override; \
  }
#define DEEPSEEK_LP_POOL_DOC "The norm_type-norm of each window; `stride` is `kernel_size` unless given. Input "
DEEPSEEK_LP_POOL(LPPool1d, DEEPSEEK_LP_POOL_DOC "(N, C, L) or (C, L).");
DEEPSEEK_LAYER(LPPool1d);
DEEPSEEK_LP_POOL(LPPool2d, DEEPSEEK_LP_POOL_DOC
                 "(N, C, H, W) or (C, H, W).\n\n"
                 "Example:\n    >>> LPPool2d(2, 2)(deepseek.randn(1, 3, 8, 8)).shape\n    (1, 3, 4, 4)");
DEEPSEEK_LAYER(LPPool2d);
DEEPSEEK_LP_POOL(LPPool3d, DEEPSEEK_LP_POOL_DOC "(N, C, D, H, W) or (C, D, H, W).");
DEEPSEEK_LAYER(LPPool3d);

// Called on the pooled elements and their indices; `output_size` chooses between sizes that pool to the same.
#define DEEPSEEK_MAX_UNPOOL(name, text)                                                                           \
  class name : public Layer<MaxUnpoolOptions> {                                                                   \
   public:                                                                                                        \
    static constexpr const char* doc = text;                                                                      \
    explicit name(MaxUnpoolOptions options);                                                                      \
    TensorList forward_many(const TensorList& inputs) override;                                                   \
    Tensor unpool(const Tensor& input, const Tensor& indices, const std::optional<Dims>& output_size = {}) const; \
  }
#define DEEPSEEK_MAX_UNPOOL_DOC(pool) \
  "Puts elements back where " pool    \
  "(return_indices=True) found them, zeros elsewhere: unpool(input, indices, output_size=None)."
DEEPSEEK_MAX_UNPOOL(MaxUnpool1d, DEEPSEEK_MAX_UNPOOL_DOC("MaxPool1d"));
DEEPSEEK_LAYER(MaxUnpool1d);
DEEPSEEK_MAX_UNPOOL(MaxUnpool2d, DEEPSEEK_MAX_UNPOOL_DOC("MaxPool2d") "\n\nExample:\n    >>> y, places = MaxPool2d(2, return_indices=True)("
                                 "deepseek.randn(1, 3, 8, 8))\n    >>> MaxUnpool2d(2)(y, places).shape\n    (1, 3, 8, 8)");
DEEPSEEK_LAYER(MaxUnpool2d);
DEEPSEEK_MAX_UNPOOL(MaxUnpool3d, DEEPSEEK_MAX_UNPOOL_DOC("MaxPool3d"));
DEEPSEEK_LAYER(MaxUnpool3d);

}  // namespace deepseek::nn
