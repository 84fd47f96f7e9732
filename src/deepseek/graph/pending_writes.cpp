#include "deepseek/graph/pending_writes.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "deepseek/graph/rehearsal.h"

namespace deepseek {
namespace {

// A tensor may die on one thread while another, whose list it is in, computes the write. The lock is held for a few
// instructions; no value is released under it, since that may run a destructor which comes back here.
std::mutex& guard() {
  static std::mutex& mutex = *new std::mutex;
  return mutex;
}

}  // namespace

const std::shared_ptr<PendingWrites>& PendingWrites::of_this_thread() {
  static thread_local const std::shared_ptr<PendingWrites> list = std::make_shared<PendingWrites>();
  return list;
}

void PendingWrites::add(TensorImpl& impl) {
  if (impl.pending_slot_.load(std::memory_order_acquire) >= 0) return;
  const std::shared_ptr<PendingWrites>& list = of_this_thread();
  const std::lock_guard lock(guard());
  impl.pending_list_ = list;
  impl.pending_slot_.store(static_cast<int>(list->writes_.size()), std::memory_order_release);
  ++list->count_;
  auto [before, cell_before] = impl.values();
  list->writes_.push_back({&impl, std::move(before), std::move(cell_before)});
}

// The slot is read without the lock by a tensor that dies, so it is the last thing to be written.
void PendingWrites::release(TensorImpl& impl) {
  impl.pending_list_.reset();
  impl.pending_slot_.store(-1, std::memory_order_release);
}

PendingWrites::Write PendingWrites::take(std::vector<Write>& from, size_t slot) {
  Write taken = std::move(from[slot]);
  if (slot + 1 < from.size()) {
    from[slot] = std::move(from.back());
    from[slot].impl->pending_slot_.store(static_cast<int>(slot), std::memory_order_release);
  }
  from.pop_back();
  return taken;
}

void PendingWrites::forget(TensorImpl& impl) {
  if (impl.pending_slot_.load(std::memory_order_acquire) < 0) return;
  std::shared_ptr<PendingWrites> list;
  Write gone;
  const std::lock_guard lock(guard());
  if (impl.pending_slot_ < 0) return;
  list = impl.pending_list_;
  const auto slot = static_cast<size_t>(impl.pending_slot_);
  const bool waits = slot < list->writes_.size() && list->writes_[slot].impl == &impl;
  gone = take(waits ? list->writes_ : list->settling_, slot);
  if (waits) --list->count_;
  release(impl);
}

void PendingWrites::collect(std::vector<Value>& roots, std::vector<Node*>& befores) {
  if (!any()) return;
  const std::lock_guard lock(guard());
  for (const Write& w : writes_) {
    auto [mine, shared] = w.impl->values();
    roots.push_back(std::move(mine));
    if (shared) roots.push_back(std::move(shared));
    befores.push_back(w.before.node.get());
    if (w.cell_before) befores.push_back(w.cell_before.node.get());
  }
}

void PendingWrites::clear() {
  if (!any()) return;
  if (Rehearsal* rehearsal = Rehearsal::current()) {
    for (const Write& w : writes_) rehearsal->wrote(*w.impl, w.before, w.cell_before);
  }
  std::vector<Write> done;
  const std::lock_guard lock(guard());
  for (Write& w : writes_) release(*w.impl);
  done.swap(writes_);
  count_ = 0;
}

void PendingWrites::undo() {
  std::vector<Write> writes;
  std::vector<Ref<TensorImpl>> held;
  {
    const std::lock_guard lock(guard());
    for (Write& w : writes_) {
      held.emplace_back(w.impl);
      release(*w.impl);
    }
    writes.swap(writes_);
    count_ = 0;
  }
  for (Write& w : writes) w.impl->restore(std::move(w.before), std::move(w.cell_before));
}

void PendingWrites::settle_after_failure() {
  {
    const std::lock_guard lock(guard());
    if (!settling_.empty()) return;  // an evaluation below failed, as is expected here
    settling_.swap(writes_);
    count_ = 0;
  }
  for (;;) {
    // Evaluating may end the life of any tensor, this one too: its values are held, and it is looked for again
    // afterwards.
    const TensorImpl* impl = nullptr;
    std::array<Value, 2> values;
    {
      const std::lock_guard lock(guard());
      if (settling_.empty()) return;
      impl = settling_.back().impl;
      auto [mine, shared] = impl->values();
      values = {std::move(mine), std::move(shared)};
    }
    bool failed = false;
    try {
      for (const Value& v : values) {
        if (v) evaluate(std::span<const Value>(&v, 1));
      }
    } catch (const std::exception&) {
      failed = true;
    }
    Write settled;
    const std::lock_guard lock(guard());
    const auto at = std::find_if(settling_.begin(), settling_.end(), [&](const Write& w) { return w.impl == impl; });
    if (at == settling_.end()) continue;
    settled = take(settling_, static_cast<size_t>(at - settling_.begin()));
    TensorImpl& tensor = *settled.impl;
    release(tensor);
    if (!failed) continue;
    ViewCell* const cell = tensor.cell_.load(std::memory_order_acquire);
    if (cell) cell->lock();
    std::swap(tensor.value_, settled.before);
    if (cell && settled.cell_before) std::swap(cell->value, settled.cell_before);
    if (cell) cell->unlock();
  }
}

}  // namespace deepseek
