#include <algorithm>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/free_list.h"
#include "deepseek/graph/pending_writes.h"
#include "deepseek/ops/core/alias.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

thread_local FreeList free_impls(1 << 12);

Value apply_view(const Node& step, const Value& base) {
  if (is_alias(step)) return alias_of(base);
  std::array<Value, 1> in{base};
  const Spec* spec = &base.spec();
  std::vector<Spec> out;
  step.op->infer(step.attrs(), {&spec, 1}, out);
  // Recording moves the attributes, the step keeps its own.
  alignas(std::max_align_t) std::array<std::byte, 512> attrs;
  DEEPSEEK_CHECK(step.op->attr_size <= attrs.size(), step.op->info.name);
  step.op->copy(attrs.data(), step.attrs());
  Value result{record(step.op, attrs.data(), in, out), 0};
  if (step.op->destroy) step.op->destroy(attrs.data());
  return result;
}

// Whether a tensor that these steps lead to has no part in the history of their base.
bool is_detached(std::span<const Ref<Node>> steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Ref<Node>& step) { return is_alias(*step); });
}

// On the tape, and not where it ends.
bool has_history(const Value& v) { return v.node->requires_grad && !v.node->grad_leaf; }

// Strides of a view chain over a row-major base; false where torch would have copied.
bool is_true_view(std::span<const Ref<Node>> steps, const Spec& base) {
  Spec spec = base;
  Strides strides = contiguous_strides(spec.shape);
  for (const Ref<Node>& step : steps) {
    Strides out;
    int64_t offset = 0;
    if (!step->op->view(step->attrs(), spec, strides, out, offset)) return false;
    spec = step->spec();
    strides = out;
  }
  return true;
}

}  // namespace

void* TensorImpl::operator new(size_t size) { return free_impls.take(size); }
void TensorImpl::operator delete(void* p) { free_impls.give(p); }

TensorImpl::~TensorImpl() {
  PendingWrites::forget(*this);
  if (cell_) leave_cell();
  if (value_) autograd::forget(*this, *value_.node);
}

void TensorImpl::leave_cell() {
  if (!cell_) return;
  // Unwritten views hold all they need themselves. Written ones may have to be derived again from the base.
  if (--cell_->members == 1 && cell_->version == 0) cell_->value = {};
  cell_ = {};
  steps_.clear();
}

const Value& TensorImpl::value() {
  if (cell_ && cell_version_ != cell_->version) {
    Value v = cell_->value;
    const EnableGradGuard grad;  // what a view is does not depend on where it is used next
    for (const Ref<Node>& step : steps_) v = apply_view(*step, v);
    value_ = std::move(v);
    cell_version_ = cell_->version;
  }
  return value_;
}

void TensorImpl::attach_view(TensorImpl& child) {
  const Value& mine = value();
  if (cell_ && cell_->members == 1) leave_cell();
  const Node& made = *child.value_.node;
  const bool moves = made.op->kind == OpKind::view && !is_alias(made);
  const bool detached = mine.node->requires_grad && !made.requires_grad;
  std::vector<Ref<Node>> steps = steps_;
  if (detached || !moves) steps.push_back(alias_step(mine.spec()));
  if (moves) steps.push_back(child.value_.node);
  const Spec& base = cell_ ? cell_->value.spec() : mine.spec();
  if (steps.size() > 1 && !is_true_view(steps, base)) return;
  if (!cell_) {
    cell_ = Ref<ViewCell>(new ViewCell);
    cell_->value = mine;
    cell_->members = 1;
    cell_version_ = 0;
  }
  child.cell_ = cell_;
  child.steps_ = std::move(steps);
  child.cell_version_ = cell_->version;
  ++cell_->members;
}

void TensorImpl::attach_alias(TensorImpl& child) { attach_view(child); }

bool TensorImpl::views_grad_leaf() const {
  return !steps_.empty() && !is_detached(steps_) && cell_ && cell_->value && cell_->value.node->grad_leaf;
}

void TensorImpl::set_leaf(bool on) {
  value();
  autograd::forget(*this, *value_.node);
  value_ = alias_of(value_);
  if (on) autograd::make_leaf(*this, *value_.node);
  if (cell_ && steps_.empty()) cell_->value = value_;
  requires_grad = on;
}

void TensorImpl::write_through(Value v) {
  if (steps_.empty()) {
    cell_->value = std::move(v);
    return;
  }
  const bool detached = is_detached(steps_);
  if (detached && v.node->requires_grad) {
    raise_runtime("in-place write: a detached tensor and the one that it shares memory with cannot have two histories, but the "
                  "value written requires grad; write to a clone()");
  }
  std::vector<Value> bases{cell_->value};
  for (size_t i = 0; i + 1 < steps_.size(); ++i) bases.push_back(apply_view(*steps_[i], bases.back()));
  for (size_t i = steps_.size(); i-- > 0;) {
    const Node& step = *steps_[i];
    v = step.op->write_back(step.attrs(), Tensor(bases[i]), Tensor(std::move(v))).value();
  }
  if (cell_->value.node->grad_leaf) {  // a leaf stays one when it is written through a view
    v = alias_of(v);
    autograd::rebound(*this, cell_->value, v);
  } else if (has_history(cell_->value) && (detached || !modes.grad)) {
    v = untracked(cell_->value, v);
  }
  cell_->value = std::move(v);
}

void TensorImpl::rebind(Value v) {
  value();
  PendingWrites::add(*this);
  // The tape ends at an own node, so that the node of the written value stays what it is.
  if (requires_grad) v = alias_of(v);
  else if (has_history(value_) && !modes.grad) v = untracked(value_, v);
  if (cell_ && cell_->members == 1) leave_cell();
  if (cell_) {
    write_through(v);
    cell_version_ = ++cell_->version;
  }
  autograd::rebound(*this, value_, v);
  ++version_;
  value_ = std::move(v);
}

void TensorImpl::restore(Value before, Value cell_before) {
  autograd::rebound(*this, value_, before);
  value_ = std::move(before);
  if (!cell_ || !cell_before) return;
  cell_->value = std::move(cell_before);
  cell_version_ = ++cell_->version;
}

}  // namespace deepseek
