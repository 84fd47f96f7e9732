#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/core/kinds.h"

namespace deepseek {
namespace {

using fused::ReduceKind;

// The reduced tensor with the reduced dims as size 1.
Tensor with_kept_dims(const Tensor& reduced, const Reduce& r, const Shape& input) {
  if (r.keepdim) return reduced;
  Shape kept = input;
  for (int64_t d : r.dims) kept[static_cast<int>(d)] = 1;
  return reshape(reduced, kept);
}

}  // namespace

Spec Reduce::infer(const Spec& in) const {
  Spec out{in.dtype, {}};
  int next = 0;
  for (int d = 0; d < in.rank(); ++d) {
    if (next < dims.size() && dims[next] == d) {
      if (in.shape[d] == 0 && (how == ReduceKind::max || how == ReduceKind::min) && in.dtype != DType::bool_) {
        raise_value(how == ReduceKind::max ? "amax" : "amin", ": dim ", d, " of ", to_string(in), " has no elements to choose from");
      }
      if (keepdim) out.shape.push_back(1);
      ++next;
    } else {
      out.shape.push_back(in.shape[d]);
    }
  }
  return out;
}

void Reduce::gradient(Grad& g) const {
  const Shape& shape = g.input_spec().shape;
  const Tensor grad = with_kept_dims(g.grad(), *this, shape);
  if (how == ReduceKind::sum) {
    g.set(0, expand(grad, shape));
    return;
  }
  const Tensor x = g.input();
  if (how == ReduceKind::prod) {
    // The product of the others: from both sides along the flattened reduced dims would need a scan; with no zero it is y / x,
    // with one zero only that place receives the product of the rest.
    const Tensor zero = eq(x, 0);
    const Tensor count = reduce(ReduceKind::sum, cast(zero, x.dtype()), dims, true);
    const Tensor rest = reduce(ReduceKind::prod, where(zero, filled_like(x, 1), x), dims, true);
    const Tensor from_rest = where(zero & (count == 1), rest, filled_like(x, 0));
    const Tensor divided = where(zero, filled_like(x, 0), rest / where(zero, filled_like(x, 1), x));
    g.set(0, grad * where(count == 0, divided, from_rest));
    return;
  }
  // Equal largest values share the gradient.
  const Tensor chosen = cast(x == with_kept_dims(g.output(), *this, shape), x.dtype());
  g.set(0, grad * chosen / reduce(ReduceKind::sum, chosen, dims, true));
}

Tensor reduce(ReduceKind kind, const Tensor& input, const Dims& dims, bool keepdim) {
  Dims sorted = dims;
  if (dims.empty()) {
    for (int d = 0; d < input.rank(); ++d) sorted.push_back(d);
  }
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < sorted.size(); ++i) {
    DEEPSEEK_CHECK(sorted[i] >= 0 && sorted[i] < input.rank() && (i == 0 || sorted[i] != sorted[i - 1]));
  }
  if (sorted.empty()) return copy_of(input);  // a result shares nothing with what it was computed from
  return apply(Reduce{.how = kind, .dims = sorted, .keepdim = keepdim}, input);
}

Tensor sum_to(const Tensor& g, const Shape& shape) {
  if (g.shape() == shape) return g;
  const int extra = g.rank() - shape.size();
  DEEPSEEK_CHECK(extra >= 0 && broadcastable_to(shape, g.shape()));
  Dims dims;
  for (int d = 0; d < g.rank(); ++d) {
    if (d < extra || (shape[d - extra] == 1 && g.shape()[d] != 1)) dims.push_back(d);
  }
  if (dims.empty()) return reshape(g, shape);
  Tensor s = reduce(ReduceKind::sum, g, dims, extra == 0);
  return s.shape() == shape ? s : reshape(s, shape);
}

}  // namespace deepseek
