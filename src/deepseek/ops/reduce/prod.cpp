#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"
#include "deepseek/ops/scan/scan.h"

namespace deepseek {
namespace {

// A composite for the sake of its gradient: products of all other elements, from both sides, so that zeros are no
// special case in any derivative.
struct Prod : Composite {
  static constexpr OpInfo info{.name = "prod", .amp = Amp::full, .onnx = "ReduceProd", .tflite = "REDUCE_PROD"};
  static constexpr Saves saves = Saves::inputs;
  DimMask dims = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&Prod::dims, &Prod::keepdim};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  Tensor expand(const Tensor& input) const { return reduce(fused::ReduceKind::prod, input, dims_of(dims), keepdim); }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    if (dims == 0) return g.set(0, g.grad());
    Dims order, back = Dims::filled(shape.size(), 0);  // reduced dims last
    for (DimMask last : {DimMask{0}, DimMask{1}}) {
      for (int d = 0; d < shape.size(); ++d) {
        if ((dims >> d & 1u) == last) order.push_back(d);
      }
    }
    for (int i = 0; i < order.size(); ++i) back[static_cast<int>(order[i])] = i;
    const Tensor moved = permute(g.input(), order);
    Shape lines = reduced_shape(shape, dims, false);
    lines.push_back(reduced_count(shape, dims));
    const Tensor x = reshape(moved, lines);
    const int d = x.rank() - 1;
    const Tensor left = shifted(running_product(x, d, false), d, false, 1),
                 right = shifted(running_product(x, d, true), d, true, 1);
    const Tensor others = permute(reshape(left * right, moved.shape()), back);
    g.set(0, with_reduced_dims(g.grad(), shape, dims) * others);
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, prod,
    (const Tensor& input, Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
     std::optional<DType> dtype DEFAULT(std::nullopt)),
    "Product of the elements along `dim` (all dims when empty).\n\n"
    "Integers and bools are multiplied in int64 unless `dtype` names another type. The product of no elements is 1.") {
  const DType type = dtype.value_or(is_floating_point(input.dtype()) ? input.dtype() : DType::int64);
  return apply(Prod{.dims = reduce_mask(dim, input.rank(), "prod"), .keepdim = keepdim}, cast(input, type));
}
DEEPSEEK_FACTS(prod, .in = {"method"}, .reference = "numpy.prod(input, axis=dim or None, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(4, 3, 2), dim=1", "randn(2, 3, 2), dim=(0, -1), keepdim=True", "randn()",
                        "ints(3, 4), dim=-2", "randn(0, 3), dim=0"},
               .bad = {"randn(2, 3), dim=2", "randn(2, 3), dim=(0, -2)"});

}  // namespace deepseek
