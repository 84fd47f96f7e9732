// The in-place writes of a thread that nothing has computed yet. Every evaluation computes them, so that step() in a
// loop picks up what layers and metrics wrote.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek {

class PendingWrites {
 public:
  static const std::shared_ptr<PendingWrites>& of_this_thread();

  static void add(TensorImpl& impl);     // remembers the value from before the write
  static void forget(TensorImpl& impl);  // the tensor goes away, on any thread

  bool any() const { return count_.load(std::memory_order_acquire) != 0; }
  // The values to compute; `befores` are held by this list alone and do not count as in use.
  void collect(std::vector<Value>& roots, std::vector<Node*>& befores);
  // All were computed.
  void clear();
  // None will be computed: tensors are as before.
  void undo();
  // An evaluation failed: each write that fails by itself is undone, the others are computed.
  void settle_after_failure();

 private:
  // The tensor is not owned, and takes itself out when it dies.
  struct Write {
    TensorImpl* impl = nullptr;
    Value before;
    Value cell_before;
  };
  static Write take(std::vector<Write>& from, size_t slot);
  static void release(TensorImpl& impl);

  // All members, and what tensors know about their place here, are guarded by one mutex of the process.
  std::vector<Write> writes_;
  std::vector<Write> settling_;  // while settle_after_failure() runs
  std::atomic<int> count_ = 0;   // of writes_; only the list's own thread adds, so it may see zero without the lock
};

}  // namespace deepseek
