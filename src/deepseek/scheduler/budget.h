// A bound on the memory that evaluations of this thread may use.
#pragma once
#include <cstdint>

#include "deepseek/tensor/error.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {

// Bytes of all tensors together; 0: no bound.
inline thread_local int64_t memory_budget = 0;

// While it lives, plans recompute rather than keep what does not fit; a budget that cannot be kept raises and names the least.
struct MemoryBudgetGuard : ScopedMode<int64_t> {
  explicit MemoryBudgetGuard(int64_t bytes) : ScopedMode(memory_budget, bytes) {}
};

// A budget that no plan can keep. Nothing was computed.
struct OutOfBudget : Error {
  using Error::Error;
};

namespace scheduler {

// What the budget leaves for a plan; a little less rather than a new plan for each byte that differs. -1: no bound.
int64_t bytes_left();

}  // namespace scheduler
}  // namespace deepseek
