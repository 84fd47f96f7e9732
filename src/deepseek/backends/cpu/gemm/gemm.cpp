#include "deepseek/backends/cpu/gemm/gemm.h"

#include <cstdlib>
#include <memory>

namespace deepseek::gemm {

Blocking choose_blocking(int64_t batch, int64_t m, int64_t n, int64_t k, int micro_rows, int micro_cols, int64_t element_size) {
  // Panels of a block stay in a private cache of 1 MB; a tile is worth a task from about half a million products on.
  constexpr int64_t products_per_task = 1 << 19, tasks_wanted = 16;
  const int64_t depth = std::clamp<int64_t>(k, 1, 1024 / element_size);
  int64_t rows = round_up(std::min<int64_t>(m, 768 / element_size), micro_rows);
  int64_t cols = round_up(std::min<int64_t>(n, 2048 / element_size), micro_cols);
  const auto tasks = [&] { return batch * ((m + rows - 1) / rows) * ((n + cols - 1) / cols); };
  while (tasks() < tasks_wanted && rows * cols * k > 2 * products_per_task) {
    if (cols > rows && cols > micro_cols) cols = round_up(cols / 2, micro_cols);
    else if (rows > micro_rows) rows = round_up(rows / 2, micro_rows);
    else break;
  }
  return {rows, cols, depth};
}

void* thread_scratch(int64_t bytes) {
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  static thread_local std::unique_ptr<void, Free> memory;
  static thread_local int64_t size = 0;
  if (bytes > size) {
    memory.reset();
    size = round_up(bytes, 4096);
    memory.reset(std::aligned_alloc(64, static_cast<size_t>(size)));
  }
  return memory.get();
}

}  // namespace deepseek::gemm
