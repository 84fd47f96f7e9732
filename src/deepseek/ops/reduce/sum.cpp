#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {

DEEPSEEK_FUNCTION(
    Tensor, sum,
    (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
     std::optional<DType> dtype DEFAULT(std::nullopt)),
    "Sum of the elements along `dim` (all dims when empty).\n\n"
    "Integers and bools are summed in int64 unless `dtype` names another type. Shape: that of `input` without the "
    "dims of `dim`, which stay with size 1 when `keepdim` is set. The sum of no elements is 0.") {
  const DimMask mask = reduce_mask(dim, input.rank(), "sum");
  const DType type = dtype.value_or(is_floating_point(input.dtype()) ? input.dtype() : DType::int64);
  const Tensor total = reduce(fused::ReduceKind::sum, cast(input, type), dims_of(mask), keepdim);
  return dtype ? cast(total, type) : total;
}
DEEPSEEK_FACTS(sum, .in = {"method"}, .reference = "numpy.sum(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn()",
                        "ints(3, 4), dim=-2", "randn(0, 3), dim=0", "bools(5, 3)", "randn(3, 1, 70), dim=2",
                        "randn(130, 3), dim=0"},
               .bad = {"randn(2, 3), dim=2", "randn(2, 3), dim=(0, -2)"});

}  // namespace deepseek
