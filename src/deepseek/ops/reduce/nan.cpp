#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, nansum,
                  (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Sum along `dim` (all dims when empty) with NaN counted as zero.") {
  if (!is_floating_point(input.dtype())) return sum(input, dim, keepdim, dtype);
  return sum(where(isnan(input), filled_like(input, 0), input), dim, keepdim, dtype);
}
DEEPSEEK_FACTS(nansum, .in = {"method"}, .reference = "numpy.nansum(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "numpy.where(bools(4, 3), randn(4, 3), nan), dim=1, keepdim=True",
                        "ints(3, 4), dim=0"},
               .bad = {"randn(3), dim=1"});

DEEPSEEK_FUNCTION(Tensor, nanmean,
                  (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Mean along `dim` (all dims when empty) of the elements that are not NaN. Floating types only.") {
  const Tensor x = cast(input, dtype.value_or(input.dtype()));
  if (!is_floating_point(x.dtype()))
    raise_type("nanmean: needs a floating type, but input is ", name_of(input.dtype()));
  const Tensor count = reduce(fused::ReduceKind::sum, cast(~isnan(x), x.dtype()),
                              dims_of(reduce_mask(dim, x.rank(), "nanmean")), keepdim);
  return nansum(x, dim, keepdim) / count;
}
DEEPSEEK_FACTS(nanmean, .in = {"method"}, .reference = "numpy.nanmean(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3), dim=1, keepdim=True"}, .bad = {"ints(3)", "randn(3), dim=1"});

}  // namespace deepseek
