#include "deepseek/graph/pending_writes.h"

namespace deepseek {

const std::shared_ptr<PendingWrites>& PendingWrites::of_this_thread() {
  static thread_local const std::shared_ptr<PendingWrites> list = std::make_shared<PendingWrites>();
  return list;
}

void PendingWrites::add(TensorImpl& impl) {
  if (impl.pending_list_) return;
  const std::shared_ptr<PendingWrites>& list = of_this_thread();
  std::lock_guard lock(list->mutex_);
  impl.pending_list_ = list;
  impl.pending_slot_ = static_cast<int>(list->writes_.size());
  ++list->count_;
  list->writes_.push_back({&impl, impl.value_, impl.cell_ ? impl.cell_->value : Value()});
}

void PendingWrites::drop(size_t slot) {
  writes_[slot].impl->pending_list_.reset();
  if (slot + 1 < writes_.size()) {
    writes_[slot] = std::move(writes_.back());
    writes_[slot].impl->pending_slot_ = static_cast<int>(slot);
  }
  writes_.pop_back();
  --count_;
}

void PendingWrites::forget(TensorImpl& impl) {
  if (!impl.pending_list_) return;
  const std::shared_ptr<PendingWrites> list = impl.pending_list_;
  std::lock_guard lock(list->mutex_);
  list->drop(static_cast<size_t>(impl.pending_slot_));
}

void PendingWrites::collect(std::vector<Value>& roots, std::vector<Node*>& befores) {
  if (!any()) return;
  std::lock_guard lock(mutex_);
  for (const Write& w : writes_) {
    roots.push_back(w.impl->value_);
    if (w.impl->cell_ && w.impl->cell_->value) roots.push_back(w.impl->cell_->value);
    befores.push_back(w.before.node.get());
    if (w.cell_before) befores.push_back(w.cell_before.node.get());
  }
}

void PendingWrites::clear() {
  if (!any()) return;
  std::vector<Write> done;  // values are released outside the lock: a destructor may come back here
  std::lock_guard lock(mutex_);
  for (Write& w : writes_) w.impl->pending_list_.reset();
  done.swap(writes_);
  count_ = 0;
}

void PendingWrites::settle_after_failure() {
  std::vector<Write> writes;
  {
    std::lock_guard lock(mutex_);
    for (Write& w : writes_) w.impl->pending_list_.reset();
    writes.swap(writes_);
    count_ = 0;
  }
  for (Write& w : writes) {
    const Ref<TensorImpl> impl(w.impl);
    try {
      const Value after[] = {impl->value_, impl->cell_ ? impl->cell_->value : Value()};
      evaluate(std::span<const Value>(after, after[1] ? 2 : 1));
    } catch (const std::exception&) {
      impl->value_ = w.before;
      if (impl->cell_ && w.cell_before) impl->cell_->value = w.cell_before;
    }
  }
}

}  // namespace deepseek
