#include "deepseek/ops/core/core.h"
#include "deepseek/ops/core/kinds.h"

namespace deepseek {

Tensor iota(const Shape& shape, const Strides& steps, int64_t offset) {
  DEEPSEEK_CHECK(shape.size() == steps.size());
  return apply(Iota{.shape = shape, .steps = steps, .offset = offset});
}

}  // namespace deepseek
