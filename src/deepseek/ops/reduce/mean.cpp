#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {
namespace {

// One node instead of a sum and a division, and the 16-bit floats keep float32 until the division is done.
struct Mean : Composite {
  static constexpr OpInfo info{.name = "mean", .onnx = "ReduceMean", .tflite = "MEAN"};
  static constexpr Saves saves = Saves::nothing;
  DimMask dims = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&Mean::dims, &Mean::keepdim};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  Tensor expand(const Tensor& input) const {
    const Tensor total =
        reduce(fused::ReduceKind::sum, cast(input, accumulation_type(input.dtype())), dims_of(dims), keepdim);
    return cast(total / static_cast<double>(reduced_count(input.shape(), dims)), input.dtype());
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    const Tensor each = g.grad() / static_cast<double>(reduced_count(shape, dims));
    g.set(0, deepseek::expand(with_reduced_dims(each, shape, dims), shape));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, mean,
    (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
     std::optional<DType> dtype DEFAULT(std::nullopt)),
    "Mean of the elements along `dim` (all dims when empty).\n\n"
    "Floating types only: give `dtype` for integers. Shape: that of `input` without the dims of `dim`, which stay "
    "with size 1 when `keepdim` is set. The mean of no elements is NaN.") {
  const DimMask mask = reduce_mask(dim, input.rank(), "mean");
  const DType type = dtype.value_or(input.dtype());
  if (!is_floating_point(type)) {
    raise_type("mean: the mean of ", name_of(type), " is not ", name_of(type), "; give dtype, e.g. dtype=float32");
  }
  return apply(Mean{.dims = mask, .keepdim = keepdim}, cast(input, type));
}
DEEPSEEK_FACTS(mean, .in = {"method"}, .reference = "numpy.mean(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(4, 3, 5), dim=(0, -1), keepdim=True", "randn()",
                        "randn(3, 0, 2), dim=2"},
               .bad = {"ints(4)", "randn(2, 3), dim=2", "randn(2, 3), dim=(1, 1)"});

}  // namespace deepseek
