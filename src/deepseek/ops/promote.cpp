#include "deepseek/ops/promote.h"

#include "deepseek/ops/core/core.h"

namespace deepseek {

DType result_type(std::span<const Tensor* const> operands) {
  // Per rank of importance (tensors with dims, 0-d tensors, numbers): the promoted type, if any.
  std::optional<DType> found[3];
  for (const Tensor* t : operands) {
    const Value& v = t->impl()->value();
    const Spec& s = v.spec();
    std::optional<DType>& slot = found[v.node->weak ? 2 : s.rank() == 0 ? 1 : 0];
    slot = slot ? promote(*slot, s.dtype) : s.dtype;
  }
  std::optional<DType> result;
  for (int level = 0; level < 3; ++level) {
    if (!found[level]) continue;
    const DType t = *found[level];
    if (!result) {
      result = t;
    } else if (kind_of(t) > kind_of(*result)) {
      // A number of a higher kind decides the kind only: 1.5 makes the default float of integers.
      result = level == 2 && is_floating_point(t) ? modes.default_dtype : t;
    }
  }
  return result.value_or(modes.default_dtype);
}

namespace {
bool is_weak(const Tensor& t) { return t.impl()->value().node->weak; }

// A number takes the type of a tensor that is not of a lower kind.
bool adopts(const Tensor& number, const Tensor& tensor) {
  return is_weak(number) && !is_weak(tensor) && kind_of(number.dtype()) <= kind_of(tensor.dtype());
}

template <class... T>
void promote_all(T&... t) {
  const DType first = std::get<0>(std::tie(t...)).dtype();
  bool equal = true;
  ((equal = equal && t.dtype() == first && !is_weak(t)), ...);
  if (equal) return;
  const Tensor* const all[] = {&t...};
  const DType to = result_type(all);
  ((t = cast(t, to)), ...);
}
}  // namespace

void promote_operands(Tensor& a, Tensor& b) {
  if (adopts(b, a)) b = cast(b, a.dtype());
  else if (adopts(a, b)) a = cast(a, b.dtype());
  else promote_all(a, b);
}
void promote_operands(Tensor& a, Tensor& b, Tensor& c) { promote_all(a, b, c); }

Tensor to_floating(const Tensor& input) {
  return is_floating_point(input.dtype()) ? input : cast(input, modes.default_dtype);
}

}  // namespace deepseek
