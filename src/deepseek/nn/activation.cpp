#include "deepseek/nn/activation.h"

#include "deepseek/graph/operators.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {
namespace {

// The result itself, or the input overwritten by it.
Tensor finish(const Tensor& input, const Tensor& result, bool inplace) {
  if (!inplace || modes.shape_only) return result;
  Tensor x = input;
  return x.assign(result);
}

}  // namespace

Tensor ReLU::forward(const Tensor& x) { return finish(x, relu(x), config.inplace); }
Tensor ReLU6::forward(const Tensor& x) { return finish(x, relu6(x), config.inplace); }
Tensor SELU::forward(const Tensor& x) { return finish(x, selu(x), config.inplace); }
Tensor SiLU::forward(const Tensor& x) { return finish(x, silu(x), config.inplace); }
Tensor Mish::forward(const Tensor& x) { return finish(x, mish(x), config.inplace); }
Tensor Hardsigmoid::forward(const Tensor& x) { return finish(x, hardsigmoid(x), config.inplace); }
Tensor Hardswish::forward(const Tensor& x) { return finish(x, hardswish(x), config.inplace); }
Tensor Sigmoid::forward(const Tensor& x) { return sigmoid(x); }
Tensor LogSigmoid::forward(const Tensor& x) { return logsigmoid(x); }
Tensor Tanh::forward(const Tensor& x) { return tanh(x); }
Tensor Tanhshrink::forward(const Tensor& x) { return tanhshrink(x); }
Tensor Softsign::forward(const Tensor& x) { return softsign(x); }
Tensor LeakyReLU::forward(const Tensor& x) { return finish(x, leaky_relu(x, config.negative_slope), config.inplace); }
Tensor ELU::forward(const Tensor& x) { return finish(x, elu(x, config.alpha), config.inplace); }
Tensor CELU::forward(const Tensor& x) { return finish(x, celu(x, config.alpha), config.inplace); }
Tensor GELU::forward(const Tensor& x) { return gelu(x, config.approximate); }
Tensor Softplus::forward(const Tensor& x) { return softplus(x, config.beta, config.threshold); }
Tensor Hardtanh::forward(const Tensor& x) { return finish(x, hardtanh(x, config.min_val, config.max_val), config.inplace); }
Tensor Softshrink::forward(const Tensor& x) { return softshrink(x, config.lambd); }
Tensor Hardshrink::forward(const Tensor& x) { return hardshrink(x, config.lambd); }
Tensor Threshold::forward(const Tensor& x) {
  return finish(x, where(x > config.threshold, x, Tensor(config.value)), config.inplace);
}
Tensor Softmax::forward(const Tensor& x) { return softmax(x, config.dim); }
Tensor Softmax2d::forward(const Tensor& x) {
  ensure(x.rank() == 3 || x.rank() == 4, type_name(), ": the input must be (N, C, H, W) or (C, H, W), but is ", to_string(x.shape()));
  return softmax(x, -3);
}
Tensor Softmin::forward(const Tensor& x) { return softmax(-x, config.dim); }
Tensor LogSoftmax::forward(const Tensor& x) { return log_softmax(x, config.dim); }
Tensor GLU::forward(const Tensor& x) {
  const int dim = wrap_dim(config.dim, x.rank(), "GLU");
  const int64_t size = x.rank() ? x.shape()[dim] : 1;
  ensure(size % 2 == 0, type_name(), ": dim ", dim, " must have an even size, but the input is ", to_string(x.shape()));
  return slice(x, dim, 0, size / 2, 1) * sigmoid(slice(x, dim, size / 2, size, 1));
}

PReLU::PReLU(PReLUOptions o) : Layer(o) {
  ensure(config.num_parameters >= 1, "PReLU: num_parameters must be at least 1, but is ", config.num_parameters);
  NoGradGuard no_grad;
  register_parameter("weight", make_parameter(filled({config.num_parameters}, cast(Tensor(config.init), modes.default_dtype))));
}

Tensor PReLU::forward(const Tensor& x) {
  Tensor slope = parameter("weight");
  if (config.num_parameters > 1) {
    ensure(x.rank() >= 2 && x.size(1) == config.num_parameters, type_name(), ": dim 1 of the input must be ", config.num_parameters,
           ", but the input is ", to_string(x.shape()));
    Dims shape = Dims::filled(x.rank(), 1);
    shape[1] = config.num_parameters;
    slope = reshape(slope, shape);
  } else if (x.rank() == 0) {
    slope = reshape(slope, {});
  }
  return where(x > 0.0, x, x * slope);
}

}  // namespace deepseek::nn
