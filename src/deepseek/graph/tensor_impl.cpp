#include <algorithm>
#include <mutex>
#include <utility>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/pending_writes.h"
#include "deepseek/ops/core/alias.h"
#include "deepseek/ops/op.h"
#include "deepseek/tensor/free_list.h"

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

// The old value goes after the lock, since that may run a user's destructor.
void replace(ViewCell& cell, Value v) {
  const std::lock_guard lock(cell);
  std::swap(cell.value, v);
}

uint32_t next_version(ViewCell& cell) { return cell.version.fetch_add(1, std::memory_order_acq_rel) + 1; }

// Whether somebody else sees a write; the base then stays, whoever dies meanwhile.
bool share_writes(ViewCell& cell) {
  const std::lock_guard lock(cell);
  return cell.members > 1 && (cell.written = true);
}

}  // namespace

void* TensorImpl::operator new(size_t size) { return free_impls.take(size); }
void TensorImpl::operator delete(void* p) { free_impls.give(p); }

TensorImpl::~TensorImpl() {
  PendingWrites::forget(*this);
  leave_cell();
  if (value_) autograd::forget(*this, *value_.node);
}

std::pair<Value, Value> TensorImpl::values() const {
  ViewCell* const cell = cell_.load(std::memory_order_acquire);
  if (!cell) return {value_, Value()};
  const std::lock_guard lock(*cell);
  return {value_, cell->value};
}

bool TensorImpl::is_view() const {
  ViewCell* const cell = cell_.load(std::memory_order_acquire);
  if (!cell) return false;
  const std::lock_guard lock(*cell);
  return !steps_.empty();
}

void TensorImpl::leave_cell() {
  const Ref<ViewCell> cell = Ref<ViewCell>::adopt(cell_.load(std::memory_order_acquire));
  if (!cell) return;
  cell_.store(nullptr, std::memory_order_relaxed);
  const Steps steps = std::move(steps_);
  steps_.clear();
  Value dropped;  // after the lock: it may run a user's destructor
  const std::lock_guard lock(*cell);
  // Unwritten views hold all they need themselves. Written ones may have to be derived again from the base.
  if (--cell->members == 1 && !cell->written) dropped = std::move(cell->value);
}

// The others that find the view stale meanwhile derive it too; the first one's value stays.
void TensorImpl::derive(ViewCell& cell) {
  Value v;
  Steps steps;
  uint32_t version;
  {
    const std::lock_guard lock(cell);
    version = cell.version.load(std::memory_order_relaxed);
    v = cell.value;
    steps = steps_;
  }
  const EnableGradGuard grad;  // what a view is does not depend on where it is used next
  for (const Ref<Node>& step : steps) v = apply_view(*step, v);
  const std::lock_guard lock(cell);
  if (cell_version_.load(std::memory_order_relaxed) == version) return;
  std::swap(value_, v);
  cell_version_.store(version, std::memory_order_release);
}

// The cell of this tensor, made when there is none.
ViewCell& TensorImpl::cell_of(const Value& mine) {
  ViewCell* cell = cell_.load(std::memory_order_acquire);
  if (cell) return *cell;
  Ref<ViewCell> made(new ViewCell);
  made->value = mine;
  made->version.store(cell_version_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  made->members = 1;
  if (cell_.compare_exchange_strong(cell, made.get(), std::memory_order_acq_rel)) cell = made.detach();
  return *cell;
}

void TensorImpl::attach_view(TensorImpl& child) {
  const Value& mine = value();
  const Node& made = *child.value_.node;
  const bool moves = made.op->kind == OpKind::view && !is_alias(made);
  const bool detached = mine.node->requires_grad && !made.requires_grad;
  const bool aliases = detached || !moves;
  ViewCell& cell = cell_of(mine);
  Value dropped;
  Steps steps, dropped_steps;
  const std::lock_guard lock(cell);
  if (cell.members == 1) {  // nobody else can see the base: this tensor becomes it
    dropped = std::exchange(cell.value, mine);
    dropped_steps.swap(steps_);
    cell.written = false;
  }
  steps = steps_;
  if (aliases) steps.push_back(alias_step(mine.spec()));
  if (moves) steps.push_back(child.value_.node);
  if (steps.size() > 1 && !is_true_view(steps, cell.value.spec())) return;
  child.steps_ = std::move(steps);
  child.cell_version_.store(cell.version.load(std::memory_order_relaxed), std::memory_order_relaxed);
  child.cell_.store(Ref<ViewCell>(&cell).detach(), std::memory_order_release);
  ++cell.members;
}

void TensorImpl::attach_alias(TensorImpl& child) { attach_view(child); }

bool TensorImpl::views_grad_leaf() const {
  if (!is_view() || is_detached(steps_)) return false;
  const Value base = values().second;
  return base && base.node->grad_leaf;
}

void TensorImpl::set_leaf(bool on) {
  value();
  autograd::forget(*this, *value_.node);
  value_ = alias_of(value_);
  if (on) autograd::make_leaf(*this, *value_.node);
  if (ViewCell* cell = cell_.load(std::memory_order_acquire); cell && steps_.empty()) replace(*cell, value_);
  requires_grad = on;
}

void TensorImpl::write_through(ViewCell& cell, Value v) {
  if (steps_.empty()) {
    replace(cell, std::move(v));
    return;
  }
  const bool detached = is_detached(steps_);
  if (detached && v.node->requires_grad) {
    raise_runtime("in-place write: a detached tensor and the one that it shares memory with cannot have two histories, but the "
                  "value written requires grad; write to a clone()");
  }
  std::vector<Value> bases{cell.value};
  for (size_t i = 0; i + 1 < steps_.size(); ++i) bases.push_back(apply_view(*steps_[i], bases.back()));
  for (size_t i = steps_.size(); i-- > 0;) {
    const Node& step = *steps_[i];
    v = step.op->write_back(step.attrs(), Tensor(bases[i]), Tensor(std::move(v))).value();
  }
  if (cell.value.node->grad_leaf) {  // a leaf stays one when it is written through a view
    v = alias_of(v);
    autograd::rebound(*this, cell.value, v);
  } else if (has_history(cell.value) && (detached || !modes.grad)) {
    v = untracked(cell.value, v);
  }
  replace(cell, std::move(v));
}

void TensorImpl::rebind(Value v) {
  value();
  PendingWrites::add(*this);
  // The tape ends at an own node, so that the node of the written value stays what it is.
  if (requires_grad) v = alias_of(v);
  else if (has_history(value_) && !modes.grad) v = untracked(value_, v);
  ViewCell* cell = cell_.load(std::memory_order_acquire);
  if (cell && !share_writes(*cell)) {
    leave_cell();
    cell = nullptr;
  }
  if (cell) {
    write_through(*cell, v);
    cell_version_.store(next_version(*cell), std::memory_order_release);
  }
  autograd::rebound(*this, value_, v);
  ++version_;
  value_ = std::move(v);
}

void TensorImpl::restore(Value before, Value cell_before) {
  autograd::rebound(*this, value_, before);
  value_ = std::move(before);
  ViewCell* const cell = cell_.load(std::memory_order_acquire);
  if (!cell || !cell_before) return;
  replace(*cell, std::move(cell_before));
  cell_version_.store(next_version(*cell), std::memory_order_release);
}

}  // namespace deepseek
