#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct MaxPoolOptions {
  Sizes kernel_size = {};
  Sizes stride = {};
  Sizes padding = 0;
  Sizes dilation = 1;
  bool return_indices = false;
  bool ceil_mode = false;
  static constexpr auto fields = std::tuple{
      field("kernel_size", &MaxPoolOptions::kernel_size, required),  field("stride", &MaxPoolOptions::stride),
      field("padding", &MaxPoolOptions::padding),                    field("dilation", &MaxPoolOptions::dilation),
      field("return_indices", &MaxPoolOptions::return_indices),      field("ceil_mode", &MaxPoolOptions::ceil_mode)};
};
struct AvgPoolOptions {
  Sizes kernel_size = {};
  Sizes stride = {};
  Sizes padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  static constexpr auto fields = std::tuple{
      field("kernel_size", &AvgPoolOptions::kernel_size, required), field("stride", &AvgPoolOptions::stride),
      field("padding", &AvgPoolOptions::padding), field("ceil_mode", &AvgPoolOptions::ceil_mode),
      field("count_include_pad", &AvgPoolOptions::count_include_pad)};
};
struct OutputSizeOptions {
  Sizes output_size = {};
  static constexpr auto fields = std::tuple{field("output_size", &OutputSizeOptions::output_size, required)};
};

// Pools over one, two and three spatial dims: one definition, three names.
#define DEEPSEEK_POOLS(name, options, text)                                                     \
  template <int N>                                                                              \
  class name##Nd : public Layer<options> {                                                      \
   public:                                                                                      \
    static constexpr const char* doc = text;                                                    \
    explicit name##Nd(options o) : Layer(std::move(o)) { check(); }                             \
    TensorList forward_many(const TensorList& inputs) override;                                 \
                                                                                                \
   private:                                                                                     \
    void check();                                                                               \
  };                                                                                            \
  class name##1d : public name##Nd<1> {                                                         \
   public:                                                                                      \
    using name##Nd::name##Nd;                                                                   \
    explicit name##1d(Sizes size, options more = {}) : name##Nd((set_size(more, size), more)) {} \
  };                                                                                            \
  class name##2d : public name##Nd<2> {                                                         \
   public:                                                                                      \
    using name##Nd::name##Nd;                                                                   \
    explicit name##2d(Sizes size, options more = {}) : name##Nd((set_size(more, size), more)) {} \
  };                                                                                            \
  class name##3d : public name##Nd<3> {                                                         \
   public:                                                                                      \
    using name##Nd::name##Nd;                                                                   \
    explicit name##3d(Sizes size, options more = {}) : name##Nd((set_size(more, size), more)) {} \
  }

template <class O>
void set_size(O& options, const Sizes& size) {
  if constexpr (requires { options.kernel_size; }) options.kernel_size = size;
  else options.output_size = size;
}

DEEPSEEK_POOLS(MaxPool, MaxPoolOptions,
               "The largest element of each window; `stride` is `kernel_size` unless given.\n\n"
               "Shapes: input (N, C, *spatial) or (C, *spatial), output with the spatial dims reduced; with return_indices also the "
               "positions.\n\nExample:\n    >>> MaxPool2d(2)(deepseek.randn(1, 3, 8, 8)).shape\n    (1, 3, 4, 4)");
DEEPSEEK_LAYER(MaxPool1d);
DEEPSEEK_LAYER(MaxPool2d);
DEEPSEEK_LAYER(MaxPool3d);
DEEPSEEK_POOLS(AvgPool, AvgPoolOptions,
               "The mean of each window; `stride` is `kernel_size` unless given.\n\n"
               "Shapes: input (N, C, *spatial) or (C, *spatial), output with the spatial dims reduced.\n\n"
               "Example:\n    >>> AvgPool2d(2)(deepseek.randn(1, 3, 8, 8)).shape\n    (1, 3, 4, 4)");
DEEPSEEK_LAYER(AvgPool1d);
DEEPSEEK_LAYER(AvgPool2d);
DEEPSEEK_LAYER(AvgPool3d);
DEEPSEEK_POOLS(AdaptiveAvgPool, OutputSizeOptions,
               "The means of `output_size` even parts, whatever the input's size.\n\n"
               "Example:\n    >>> AdaptiveAvgPool2d(1)(deepseek.randn(1, 3, 7, 9)).shape\n    (1, 3, 1, 1)");
DEEPSEEK_LAYER(AdaptiveAvgPool1d);
DEEPSEEK_LAYER(AdaptiveAvgPool2d);
DEEPSEEK_LAYER(AdaptiveAvgPool3d);
DEEPSEEK_POOLS(AdaptiveMaxPool, OutputSizeOptions,
               "The largest elements of `output_size` even parts, whatever the input's size.\n\n"
               "Example:\n    >>> AdaptiveMaxPool2d(1)(deepseek.randn(1, 3, 7, 9)).shape\n    (1, 3, 1, 1)");
DEEPSEEK_LAYER(AdaptiveMaxPool1d);
DEEPSEEK_LAYER(AdaptiveMaxPool2d);
DEEPSEEK_LAYER(AdaptiveMaxPool3d);

}  // namespace deepseek::nn
