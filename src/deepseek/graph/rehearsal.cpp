#include "deepseek/graph/rehearsal.h"

#include <algorithm>

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/scheduler/plan.h"

namespace deepseek {
namespace {

// How to have `before` again once `after` has taken its place. Values are not held where the bytes went over: holding them would
// keep later evaluations from using the bytes in place.
std::function<Value(const Value&)> restorer(const Value& before, const Value& after) {
  const Buffer& old = before.node->outputs()[static_cast<size_t>(before.index)].buffer;
  const Buffer& now = after.node->outputs()[static_cast<size_t>(after.index)].buffer;
  if (!old.storage || old.storage.get() != now.storage.get()) return [before](const Value&) { return before; };
  return [spec = before.spec(), offset = old.offset, strides = old.strides](const Value& current) {
    Buffer b = current.node->outputs()[static_cast<size_t>(current.index)].buffer;
    b.offset = offset, b.strides = strides;
    return Value{data_node(spec, std::move(b)), 0};
  };
}

}  // namespace

Rehearsal::Rehearsal() {
  ensure(!current_, "a rehearsal cannot begin inside another");
  evaluate_pending_writes();
  started_at_ = recorded_so_far();
  on_end([state = default_generator().state()] { default_generator().set_state(state); });
  current_ = this;
}

Rehearsal::~Rehearsal() {
  PendingWrites::of_this_thread()->undo();
  current_ = nullptr;
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
}

void Rehearsal::planned(const std::shared_ptr<scheduler::Plan>& plan) {
  if (!largest_ || plan->arena_bytes > largest_->arena_bytes) largest_ = plan;
}

void Rehearsal::on_end(std::function<void()> undo) { undo_.push_back(std::move(undo)); }

void Rehearsal::wrote(TensorImpl& tensor, const Value& before, const Value& cell_before) {
  undo_.push_back([impl = Ref<TensorImpl>(&tensor), value = restorer(before, tensor.value()), cell = cell_before] {
    impl->restore(value(impl->value()), cell);
  });
}

void Rehearsal::changes_gradient(TensorImpl& impl) {
  const Ref<TensorImpl> ref(&impl);
  if (std::find(graded_.begin(), graded_.end(), ref) != graded_.end()) return;
  graded_.push_back(ref);
  undo_.push_back([ref, grad = impl.grad] { ref->grad = grad; });
}

}  // namespace deepseek
