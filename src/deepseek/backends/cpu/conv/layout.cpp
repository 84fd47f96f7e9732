#include "deepseek/backends/cpu/conv/conv.h"

namespace deepseek::conv {

Strides channels_last_strides(const Shape& shape) {
  Dims order{0};
  for (int d = 2; d < shape.size(); ++d) order.push_back(d);
  order.push_back(1);
  return strides_for_order(shape, order);
}

void ask_layout(Operand& operand, const Strides& wanted) {
  for (int d = 0; d < wanted.size(); ++d) {
    if (operand.spec.shape[d] != 1 && operand.strides[d] != wanted[d]) {
      operand.strides = wanted;
      return;
    }
  }
}

}  // namespace deepseek::conv
