#include "deepseek/nn/more_pool.h"

#include "deepseek/ops.h"

namespace deepseek::nn {
namespace {

template <class O>
void check_window(O& o, int dims, const char* name) {
  ensure(!o.kernel_size.empty(), name, ": kernel_size must be given");
  o.kernel_size = spread(o.kernel_size, dims, name, "kernel_size");
  o.stride = o.stride.empty() ? o.kernel_size : Sizes(spread(o.stride, dims, name, "stride"));
}

}  // namespace

#define DEEPSEEK_DEFINE_LP_POOL(name, space, function)                                                       \
  name::name(LPPoolOptions o) : Layer(std::move(o)) {                                                        \
    check_window(config, space, #name);                                                                      \
  }                                                                                                          \
  Tensor name::forward(const Tensor& input) {                                                                \
    return function(input, config.norm_type, config.kernel_size.dims, config.stride.dims, config.ceil_mode); \
  }
DEEPSEEK_DEFINE_LP_POOL(LPPool1d, 1, lp_pool1d)
DEEPSEEK_DEFINE_LP_POOL(LPPool2d, 2, lp_pool2d)
DEEPSEEK_DEFINE_LP_POOL(LPPool3d, 3, lp_pool3d)

#define DEEPSEEK_DEFINE_MAX_UNPOOL(name, space, function)                                                           \
  name::name(MaxUnpoolOptions o) : Layer(std::move(o)) {                                                            \
    check_window(config, space, #name);                                                                             \
    config.padding = spread(config.padding, space, #name, "padding", 0);                                            \
  }                                                                                                                 \
  Tensor name::unpool(const Tensor& input, const Tensor& indices, const std::optional<Dims>& output_size) const {   \
    return function(input, indices, config.kernel_size.dims, config.stride.dims, config.padding.dims, output_size); \
  }                                                                                                                 \
  TensorList name::forward_many(const TensorList& inputs) {                                                         \
    if (inputs.size() != 2)                                                                                         \
      raise_type(type_name(), ": forward takes input and indices, but ", inputs.size(), " tensors are given");      \
    return {unpool(inputs[0], inputs[1])};                                                                          \
  }
DEEPSEEK_DEFINE_MAX_UNPOOL(MaxUnpool1d, 1, max_unpool1d)
DEEPSEEK_DEFINE_MAX_UNPOOL(MaxUnpool2d, 2, max_unpool2d)
DEEPSEEK_DEFINE_MAX_UNPOOL(MaxUnpool3d, 3, max_unpool3d)

}  // namespace deepseek::nn
