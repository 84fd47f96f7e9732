#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, amax, (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false)),
                  "Largest element along `dim` (all dims when empty); NaN when there is one.\n\n"
                  "The gradient is shared evenly by equal largest elements.") {
  return reduce(fused::ReduceKind::max, input, dims_of(reduce_mask(dim, input.rank(), "amax")), keepdim);
}
DEEPSEEK_FACTS(amax, .in = {"method"}, .reference = "numpy.amax(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn()",
                        "ints(3, 4), dim=-2", "bools(4, 2), dim=0"},
               .bad = {"randn(0)", "randn(2, 0), dim=1", "randn(2, 3), dim=2", "randn(2, 3), dim=(0, -2)"});

DEEPSEEK_FUNCTION(Tensor, amin, (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false)),
                  "Smallest element along `dim` (all dims when empty); NaN when there is one.\n\n"
                  "The gradient is shared evenly by equal smallest elements.") {
  return reduce(fused::ReduceKind::min, input, dims_of(reduce_mask(dim, input.rank(), "amin")), keepdim);
}
DEEPSEEK_FACTS(amin, .in = {"method"}, .reference = "numpy.amin(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn()",
                        "ints(3, 4), dim=-2", "bools(4, 2), dim=0"},
               .bad = {"randn(0)", "randn(2, 0), dim=1", "randn(2, 3), dim=2", "randn(2, 3), dim=(0, -2)"});

}  // namespace deepseek
