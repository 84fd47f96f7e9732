#include "deepseek/scheduler/budget.h"

#include <algorithm>

#include "deepseek/tensor/storage.h"

namespace deepseek::scheduler {

int64_t bytes_left() {
  if (memory_budget <= 0) return -1;
  const int64_t step = std::max<int64_t>(memory_budget / 256, 1);
  return std::max<int64_t>(memory_budget - memory_stats().in_use, 0) / step * step;
}

}  // namespace deepseek::scheduler
