#include "deepseek/ops/autocast.h"

#include <unordered_map>

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/core/kinds.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// A leaf that is used twice is cast once, until it is written or the scope ends. The leaf's node tells whether it was written;
// a cast on the tape holds that node itself, and nothing else may, or an update could not take over the old bytes.
struct LeafCast {
  Tensor cast;
  Ref<Node> source;  // of a cast that is not on the tape
};
thread_local std::unordered_map<const TensorImpl*, LeafCast> leaf_casts;

bool is_trained_leaf(const Tensor& t) { return t.value().node->grad_leaf || t.impl()->parameter; }

bool still_good(const LeafCast& c, const Node& source, DType to) {
  if (!c.cast.defined() || c.cast.dtype() != to) return false;
  const Node& node = *c.cast.value().node;
  if (node.requires_grad != (modes.grad && source.requires_grad)) return false;
  // What backward has walked cannot be walked again.
  return node.requires_grad ? !node.tape_freed && node.inputs()[0].node.get() == &source : c.source.get() == &source;
}

Tensor cast_leaf(const Tensor& leaf, DType to) {
  const Value source = leaf.value();
  LeafCast& c = leaf_casts[leaf.impl()];
  if (still_good(c, *source.node, to)) return c.cast;
  c.cast = cast(leaf, to);
  c.source = c.cast.requires_grad() ? Ref<Node>() : source.node;
  return c.cast;
}

Tensor converted(const Tensor& t, DType to) {
  const DType from = t.dtype();
  if (from == to || !autocast_takes(from)) return t;
  return autocast_mode.cache && from == DType::float32 && is_trained_leaf(t) ? cast_leaf(t, to) : cast(t, to);
}

// The widest type of the operands; numbers follow the tensors.
std::optional<DType> widest(std::span<const Value> values) {
  std::optional<DType> of_tensors, of_numbers;
  for (const Value& v : values) {
    const DType t = v.spec().dtype;
    if (!is_floating_point(t)) continue;
    std::optional<DType>& widest = is_scalar(*v.node) ? of_numbers : of_tensors;
    widest = widest ? promote(*widest, t) : t;
  }
  return of_tensors ? of_tensors : of_numbers;
}

bool has_float64(std::span<const Value> values) {
  return std::any_of(values.begin(), values.end(), [](const Value& v) { return v.spec().dtype == DType::float64; });
}

}  // namespace

void autocast_operands(const Op& op, const void* attrs, std::span<const Tensor* const> inputs, std::span<Value> values) {
  std::optional<DType> to;
  switch (op.kind == OpKind::reduce ? static_cast<const Reduce*>(attrs)->amp() : op.info.amp) {
    case Amp::lower: to = autocast_mode.dtype; break;
    case Amp::full: to = DType::float32; break;
    case Amp::neutral:
      if (op.kind == OpKind::pointwise || op.kind == OpKind::kernel) to = widest(values);
      break;
  }
  if (!to || has_float64(values)) return;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].spec().dtype != *to) values[i] = converted(*inputs[i], *to).value();
  }
}

Tensor autocast_lower(const Tensor& operand) {
  return autocast_on() ? converted(operand, autocast_mode.dtype) : operand;
}

Tensor autocast_full(const Tensor& operand) { return autocast_on() ? converted(operand, DType::float32) : operand; }

void forget_autocast_casts() { leaf_casts.clear(); }

}  // namespace deepseek
