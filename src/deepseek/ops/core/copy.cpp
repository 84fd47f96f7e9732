#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/core/kinds.h"
#include "deepseek/ops/function.h"

namespace deepseek {

Tensor copy_of(const Tensor& input) { return apply(Copy{}, input); }

Tensor filled(const Shape& shape, const Tensor& value) { return copy_of(expand(value, shape)); }

Tensor filled_like(const Tensor& like, double value) {
  return filled(like.shape(), Tensor(scalar_value(value, like.dtype())));
}

DEEPSEEK_FUNCTION(Tensor, clone, (const Tensor& input), "A copy of `input` with memory of its own, row-major. Gradients pass through.") {
  return copy_of(input);
}
DEEPSEEK_FACTS(clone, .in = {"method"}, .reference = "input", .good = {"randn(2, 3)", "ints(4)", "randn()"});

DEEPSEEK_FUNCTION(Tensor, contiguous, (const Tensor& input),
                  "`input` itself where it owns row-major memory, else a row-major copy. Views are copied.") {
  return input.impl()->is_view() ? copy_of(input) : input;
}
DEEPSEEK_FACTS(contiguous, .in = {"method"}, .reference = "input", .good = {"randn(2, 3)"});

}  // namespace deepseek
