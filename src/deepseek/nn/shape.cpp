#include "deepseek/nn/shape.h"

#include "deepseek/ops.h"

namespace deepseek::nn {
namespace {

Tensor padded(const Module& layer, const Tensor& x, const Sizes& sizes, int dims, const char* mode, double value = 0) {
  const Dims pairs = spread(sizes, 2 * dims, layer.type_name(), "padding", INT64_MIN);
  ensure(x.rank() == dims + 1 || x.rank() == dims + 2, layer.type_name(), ": the input must have ", dims + 2, " dims (or ", dims + 1,
         " without batch), but is ", to_string(x.shape()));
  return pad(x, pairs, mode, value);
}

}  // namespace

Tensor Flatten::forward(const Tensor& x) { return flatten(x, config.start_dim, config.end_dim); }

Tensor Unflatten::forward(const Tensor& x) {
  const int dim = wrap_dim(config.dim, x.rank(), "Unflatten");
  Dims shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != dim) shape.push_back(x.shape()[i]);
    else for (int64_t n : config.unflattened_size.dims) shape.push_back(n);
  }
  int64_t product = 1;
  bool open = false;
  for (int64_t n : config.unflattened_size.dims) n == -1 ? void(open = true) : void(product *= n);
  const int64_t size = x.shape()[dim];
  ensure(open ? product > 0 && size % product == 0 : product == size, type_name(), ": dim ", dim, " of ", to_string(x.shape()),
         " cannot be split into ", to_string(config.unflattened_size.dims));
  return reshape(x, shape);
}

Tensor ZeroPad1d::forward(const Tensor& x) { return padded(*this, x, config.padding, 1, "constant"); }
Tensor ZeroPad2d::forward(const Tensor& x) { return padded(*this, x, config.padding, 2, "constant"); }
Tensor ZeroPad3d::forward(const Tensor& x) { return padded(*this, x, config.padding, 3, "constant"); }
Tensor ConstantPad1d::forward(const Tensor& x) { return padded(*this, x, config.padding, 1, "constant", config.value); }
Tensor ConstantPad2d::forward(const Tensor& x) { return padded(*this, x, config.padding, 2, "constant", config.value); }
Tensor ConstantPad3d::forward(const Tensor& x) { return padded(*this, x, config.padding, 3, "constant", config.value); }
Tensor ReflectionPad1d::forward(const Tensor& x) { return padded(*this, x, config.padding, 1, "reflect"); }
Tensor ReflectionPad2d::forward(const Tensor& x) { return padded(*this, x, config.padding, 2, "reflect"); }
Tensor ReflectionPad3d::forward(const Tensor& x) { return padded(*this, x, config.padding, 3, "reflect"); }
Tensor ReplicationPad1d::forward(const Tensor& x) { return padded(*this, x, config.padding, 1, "replicate"); }
Tensor ReplicationPad2d::forward(const Tensor& x) { return padded(*this, x, config.padding, 2, "replicate"); }
Tensor ReplicationPad3d::forward(const Tensor& x) { return padded(*this, x, config.padding, 3, "replicate"); }
Tensor CircularPad1d::forward(const Tensor& x) { return padded(*this, x, config.padding, 1, "circular"); }
Tensor CircularPad2d::forward(const Tensor& x) { return padded(*this, x, config.padding, 2, "circular"); }
Tensor CircularPad3d::forward(const Tensor& x) { return padded(*this, x, config.padding, 3, "circular"); }

}  // namespace deepseek::nn
