#include "deepseek/autograd/conform.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::autograd {

void conform(Tensor& gradient, const Spec& to, std::string_view op) {
  if (gradient.shape() != to.shape) {
    if (broadcastable_to(to.shape, gradient.shape())) {
      gradient = sum_to(gradient, to.shape);
    } else {
      DEEPSEEK_CHECK(broadcastable_to(gradient.shape(), to.shape), "the gradient of ", op, " is ", to_string(gradient.spec()),
                     " for an input ", to_string(to));
      gradient = expand(gradient, to.shape);
    }
  }
  if (gradient.dtype() != to.dtype) gradient = cast(gradient, to.dtype);
}

}  // namespace deepseek::autograd
