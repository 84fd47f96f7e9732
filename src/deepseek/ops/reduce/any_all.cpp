#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, any, (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false)),
                  "Whether some element along `dim` (all dims when empty) is not zero; bool. NaN is not zero.") {
  const DimMask mask = reduce_mask(dim, input.rank(), "any");
  return reduce(fused::ReduceKind::max, cast(input, DType::bool_), dims_of(mask), keepdim);
}
DEEPSEEK_FACTS(any, .in = {"method"}, .reference = "numpy.any(input, axis=dim or None, keepdims=keepdim)",
               .good = {"bools(2, 3)", "bools(4, 3), dim=1", "ints(3, 4), dim=(0, 1)",
                        "randn(3, 2), dim=0, keepdim=True", "bools(0, 2), dim=0", "bools(0)", "bools()"},
               .bad = {"bools(2), dim=1"});

DEEPSEEK_FUNCTION(Tensor, all, (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false)),
                  "Whether no element along `dim` (all dims when empty) is zero; bool. True when there are none.") {
  const DimMask mask = reduce_mask(dim, input.rank(), "all");
  return reduce(fused::ReduceKind::min, cast(input, DType::bool_), dims_of(mask), keepdim);
}
DEEPSEEK_FACTS(all, .in = {"method"}, .reference = "numpy.all(input, axis=dim or None, keepdims=keepdim)",
               .good = {"bools(2, 3)", "bools(4, 3), dim=1", "ints(3, 4), dim=(0, 1)",
                        "randn(3, 2), dim=0, keepdim=True", "bools(0, 2), dim=0", "bools(0)", "bools()"},
               .bad = {"bools(2), dim=1"});

DEEPSEEK_FUNCTION(Tensor, count_nonzero, (const Tensor& input, Dims dim DEFAULT({})),
                  "How many elements along `dim` (all dims when empty) are not zero; int64.") {
  const DimMask mask = reduce_mask(dim, input.rank(), "count_nonzero");
  return reduce(fused::ReduceKind::sum, cast(cast(input, DType::bool_), DType::int64), dims_of(mask), false);
}
DEEPSEEK_FACTS(count_nonzero, .in = {"method"}, .reference = "numpy.count_nonzero(input, axis=dim or None)",
               .good = {"bools(2, 3)", "ints(4, 3), dim=1", "ints(3, 4), dim=(0, 1)", "bools(0, 2), dim=0"},
               .bad = {"bools(2), dim=1"});

}  // namespace deepseek
