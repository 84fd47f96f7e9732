#include "deepseek/graph/leaf.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/core/kinds.h"

namespace deepseek {

Spec Cast::infer(const Spec& in) const { return {to, in.shape}; }
void Cast::gradient(Grad& g) const { g.set(0, cast(g.grad(), g.input_spec().dtype)); }

Tensor cast(const Tensor& input, DType to) {
  if (input.dtype() == to) return input;
  const Value& v = input.impl()->value();
  if (is_scalar(*v.node)) return Tensor(Value{scalar_node(v.node->attrs_as<ScalarAttrs>(), to, false), 0});
  return apply(Cast{.to = to}, input);
}

}  // namespace deepseek
