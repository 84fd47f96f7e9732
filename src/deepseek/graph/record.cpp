#include <algorithm>
#include <utility>

#include "deepseek/backends/cpu/fused/register_type.h"
#include "deepseek/graph/leaf.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// A pending chain of this length is computed when another node is recorded on it, so that a loop that never asks for a value
// does not grow the graph without bound.
constexpr int32_t max_depth = 50'000;

thread_local uint64_t recorded = 0;

}  // namespace

uint64_t recorded_so_far() { return recorded; }

Ref<Node> record(const Op* op, void* attrs, std::span<Value> inputs, std::span<const Spec> outputs) {
  bool grad = false, symbolic = false;
  int32_t depth = 0;
  uint64_t latest = recorded;
  for (const Value& v : inputs) {
    const Node& n = *v.node;
    grad |= n.requires_grad;
    symbolic |= n.symbolic;
    if (!n.computed) depth = std::max(depth, n.depth), latest = std::max(latest, n.sequence);
  }
  if (depth >= max_depth && !symbolic) [[unlikely]] {
    evaluate(std::span<const Value>(inputs.data(), inputs.size()));
    depth = 0;
  }
  Ref<Node> n = Node::create(op, attrs, inputs, outputs);
  n->depth = depth + 1;
  n->sequence = recorded = latest + 1;
  n->symbolic = symbolic;
  if (grad && modes.grad) {
    for (const Output& o : n->outputs()) n->requires_grad |= is_floating_point(o.spec.dtype);
  }
  n->line = current_source_line();
  n->layer = LayerScope::current();
  return n;
}

namespace detail {
namespace {

void check_size(std::string_view op, const Shape& shape) {
  double elements = 1;  // strides are such products in an empty result too
  for (int64_t d : shape) elements *= static_cast<double>(std::max<int64_t>(d, 1));
  if (elements > 0x1p57) [[unlikely]] raise_value(op, ": a result of shape ", to_string(shape), " is too large");
}

// `values` and `specs` have room for the inputs.
Ref<Node> record_into(Value* values, const Spec** specs, const Op* op, void* attrs, std::span<const Tensor* const> inputs) {
  const size_t n = inputs.size();
  for (size_t i = 0; i < n; ++i) {
    if (!inputs[i]->defined()) raise_type(op->info.name, ": argument ", i, " is an undefined tensor");
    values[i] = inputs[i]->impl()->value();
  }
  if (autocast_on()) [[unlikely]] autocast_operands(*op, attrs, inputs, {values, n});
  for (size_t i = 0; i < n; ++i) specs[i] = &values[i].spec();
  if (op->kind == OpKind::pointwise) {
    const Spec output = infer_pointwise(op->info, *op->lanes, op->conditions, {specs, n});
    return record(op, attrs, {values, n}, {&output, 1});
  }
  // Kept from call to call. Recording may evaluate, which records the parts of composites.
  static thread_local std::vector<Spec> usual_outputs;
  std::vector<Spec> outputs = std::exchange(usual_outputs, {});
  outputs.clear();
  op->infer(attrs, {specs, n}, outputs);
  for (const Spec& s : outputs) check_size(op->info.name, s.shape);
  Ref<Node> node = record(op, attrs, {values, n}, outputs);
  usual_outputs = std::move(outputs);
  return node;
}

template <size_t Room>
Ref<Node> record_few(const Op* op, void* attrs, std::span<const Tensor* const> inputs) {
  std::array<Value, Room> values;
  std::array<const Spec*, Room> specs;
  return record_into(values.data(), specs.data(), op, attrs, inputs);
}

}  // namespace

Ref<Node> record_inferred(const Op* op, void* attrs, std::span<const Tensor* const> inputs) {
  if (inputs.size() <= 2) return record_few<2>(op, attrs, inputs);
  if (inputs.size() <= 6) return record_few<6>(op, attrs, inputs);
  std::vector<Value> values(inputs.size());
  std::vector<const Spec*> specs(inputs.size());
  return record_into(values.data(), specs.data(), op, attrs, inputs);
}

Spec infer_pointwise(const OpInfo& info, const fused::LaneOp& lanes, int conditions, Specs in) {
  DEEPSEEK_CHECK(static_cast<int>(in.size()) == lanes.arity, info.name);
  const DType type = in.back()->dtype;
  Spec out{type, in[0]->shape};
  for (size_t i = 0; i < in.size(); ++i) {
    const DType t = in[i]->dtype;
    if (static_cast<int>(i) < conditions ? t != DType::bool_ : t != type) {
      raise_type(info.name, ": operand ", i, " is ", name_of(t), " but must be ",
                 name_of(static_cast<int>(i) < conditions ? DType::bool_ : type));
    }
    if (i == 0 || in[i]->shape.empty() || in[i]->shape == out.shape) continue;
    out.shape = broadcast(out.shape, in[i]->shape, info.name);
    check_size(info.name, out.shape);
  }
  const DType compute = fused::register_type(type);
  if (!lanes.supports(compute)) raise_type(info.name, ": not defined for ", name_of(type));
  const DType result = lanes.entries[static_cast<int>(compute)].result;
  if (result != compute) out.dtype = result;
  return out;
}

}  // namespace detail
}  // namespace deepseek
