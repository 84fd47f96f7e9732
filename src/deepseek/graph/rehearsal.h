// A rehearsal: what is evaluated inside is planned and its memory is reserved, but nothing is computed. Afterwards tensors,
// gradients, random state and whatever registered an undo are as before.
//
// Bytes that a result takes over keep what they held, so an undone write only has to find its bytes again.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "deepseek/graph/pending_writes.h"

namespace deepseek {
namespace scheduler {
struct Plan;
}

class Rehearsal {
 public:
  // Computes what this thread has pending first.
  Rehearsal();
  ~Rehearsal();
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  static Rehearsal* current() { return current_; }  // of this thread; null outside

  // Nodes up to this one were recorded before: they are computed in earnest.
  uint64_t started_at() const { return started_at_; }

  // After the evaluation that would have computed the write.
  void wrote(TensorImpl&, const Value& before, const Value& cell_before);
  void changes_gradient(TensorImpl&);  // before it changes
  void on_end(std::function<void()> undo);

  // The plan with the largest arena so far.
  void planned(const std::shared_ptr<scheduler::Plan>&);
  const std::shared_ptr<scheduler::Plan>& largest_plan() const { return largest_; }

 private:
  friend class RehearsalPause;
  uint64_t started_at_;
  std::vector<std::function<void()>> undo_;
  std::vector<Ref<TensorImpl>> graded_;
  std::shared_ptr<scheduler::Plan> largest_;
  static inline thread_local Rehearsal* current_ = nullptr;
};

// Inside, everything is computed in earnest: what a layer makes at its first call is there to stay.
class RehearsalPause {
 public:
  RehearsalPause() : paused_(Rehearsal::current_) { Rehearsal::current_ = nullptr; }
  ~RehearsalPause() { Rehearsal::current_ = paused_; }
  RehearsalPause(const RehearsalPause&) = delete;
  RehearsalPause& operator=(const RehearsalPause&) = delete;
  bool paused() const { return paused_ != nullptr; }

 private:
  Rehearsal* paused_;
};

}  // namespace deepseek
