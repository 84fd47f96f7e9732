#include "deepseek/ops/sort/choice.h"

#include "deepseek/ops.h"
#include "deepseek/ops/reduce/dims.h"
#include "deepseek/ops/sort/sort.h"

namespace deepseek {

void choice_specs(std::string_view op, Specs in, int64_t dim, bool keepdim, std::vector<Spec>& out) {
  const Shape& shape = in[0]->shape;
  ensure(shape.empty() || shape[static_cast<int>(dim)] > 0, op, ": dim ", dim, " of shape ", to_string(shape),
         " has no elements to choose from");
  const Shape reduced = shape.empty() ? shape : reduced_shape(shape, DimMask{1} << dim, keepdim);
  out = {{in[0]->dtype, reduced}, {DType::int64, reduced}};
}

void choice_gradient(Grad& g, int64_t dim, bool keepdim) {
  const Shape& shape = g.input_spec().shape;
  Tensor grad = g.grad(), places = g.output(1);
  if (!keepdim && !shape.empty()) grad = unsqueeze(grad, dim), places = unsqueeze(places, dim);
  g.set(0, unpicked(grad, shape, static_cast<int>(dim), places));
}

}  // namespace deepseek
