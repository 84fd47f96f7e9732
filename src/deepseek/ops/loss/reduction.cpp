#include "deepseek/ops/autocast.h"
#include "deepseek/ops/loss/reduction.h"

#include "deepseek/ops.h"
#include "deepseek/ops/promote.h"

namespace deepseek::loss {

void check_reduction(const std::string& reduction, std::string_view op) {
  ensure(reduction == "none" || reduction == "mean" || reduction == "sum", op,
      ": reduction must be 'none', 'mean' or 'sum', but is '",
         reduction, "'");
}

Tensor reduced(const Tensor& values, const std::string& reduction, std::string_view op) {
  check_reduction(reduction, op);
  if (reduction == "mean") return mean(values);
  return reduction == "sum" ? sum(values) : values;
}

void check_same_shape(const Tensor& input, const Tensor& target, std::string_view op, std::string_view target_name) {
  ensure(input.shape() == target.shape(), op, ": input and ", target_name, " must have the same shape, but input is ",
         to_string(input.shape()), " and ", target_name, " is ", to_string(target.shape()));
}

void promote_floating(Tensor& a, Tensor& b) {
  promote_operands(a, b);
  a = autocast_full(to_floating(a));
  b = autocast_full(to_floating(b));
}

}  // namespace deepseek::loss
