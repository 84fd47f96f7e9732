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

void ask_ending(KernelContext& context, const Ending& ending) {
  for (int input : {ending.bias, ending.slope, ending.slope < 0 ? -1 : ending.slope + 1}) {
    if (input < 0) continue;
    Operand& o = context.inputs[static_cast<size_t>(input)];
    ask_layout(o, contiguous_strides(o.spec.shape));
  }
}

}  // namespace deepseek::conv
