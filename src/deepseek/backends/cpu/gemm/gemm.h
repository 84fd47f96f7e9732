// A blocked matrix product over packed panels. Where the elements come from and where they go is the caller's:
// matmul reads strided matrices, convolutions gather patches of an image.
//
// Tiles of the result and blocks of the depth follow from the sizes alone, and the blocks of a tile are added in order,
// so results do not depend on the number of threads.
#pragma once
#include <algorithm>

#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/backends/cpu/gemm/micro.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::gemm {

struct Blocking {
  int64_t rows, cols, depth;
};
Blocking choose_blocking(int64_t batch, int64_t m, int64_t n, int64_t k, int micro_rows, int micro_cols, int64_t element_size);

// Memory of this thread, 64-byte aligned, reused by every call.
void* thread_scratch(int64_t bytes);

constexpr int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// For each b < batch: c[b] (m x n) = a[b] (m x k) * b[b] (k x n), handed out in tiles.
//   pack_a(b, row, rows, p, depth, T* to)    panels of micro.rows lines
//   pack_b(b, col, cols, p, depth, T* to)    panels of micro.cols lines
//   store(b, row, rows, col, cols, T* tile, ld); may change the tile
template <class T, class PackA, class PackB, class Store>
void multiply(int64_t batch, int64_t m, int64_t n, int64_t k, const PackA& pack_a, const PackB& pack_b, const Store& store) {
  if (batch == 0 || m == 0 || n == 0) return;
  const Micro<T>& kernel = micro<T>();
  const Blocking block = choose_blocking(batch, m, n, k, kernel.rows, kernel.cols, sizeof(T));
  const int64_t row_tiles = (m + block.rows - 1) / block.rows, col_tiles = (n + block.cols - 1) / block.cols;
  const int64_t a_size = round_up(block.rows * block.depth, 16), b_size = round_up(block.cols * block.depth, 16);
  parallel_for(batch * row_tiles * col_tiles, 1, [&](int64_t begin, int64_t end) {
    T* a = static_cast<T*>(thread_scratch((a_size + b_size + block.rows * block.cols) * static_cast<int64_t>(sizeof(T))));
    T* b = a + a_size;
    T* tile = b + b_size;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t item = task / (row_tiles * col_tiles), at = task % (row_tiles * col_tiles);
      const int64_t row = at / col_tiles * block.rows, col = at % col_tiles * block.cols;
      const int64_t rows = std::min(block.rows, m - row), cols = std::min(block.cols, n - col);
      if (k == 0) std::fill(tile, tile + block.rows * block.cols, T{});
      for (int64_t p = 0; p < k; p += block.depth) {
        const int64_t depth = std::min(block.depth, k - p);
        pack_a(item, row, rows, p, depth, a);
        pack_b(item, col, cols, p, depth, b);
        for (int64_t j = 0; j < cols; j += kernel.cols) {
          for (int64_t i = 0; i < rows; i += kernel.rows) {
            kernel.multiply(depth, a + i * depth, b + j * depth, tile + i * block.cols + j, block.cols, p > 0);
          }
        }
      }
      store(item, row, rows, col, cols, tile, block.cols);
    }
  });
}

// Packs lines of any element type and stride.
template <class T, class S>
void pack_lines(const S* from, int64_t line_step, int64_t depth_step, int64_t lines, int64_t depth, bool as_rows, T* to) {
  const Micro<T>& kernel = micro<T>();
  if constexpr (std::is_same_v<S, T>) {
    (as_rows ? kernel.pack_rows : kernel.pack_cols)(from, line_step, depth_step, lines, depth, to);
    return;
  }
  const int width = as_rows ? kernel.rows : kernel.cols;
  for (int64_t first = 0; first < lines; first += width, to += width * depth) {
    const int64_t n = std::min<int64_t>(width, lines - first);
    const S* panel = from + first * line_step;
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t i = 0; i < n; ++i) to[p * width + i] = load_element<T>(panel[i * line_step + p * depth_step]);
      for (int64_t i = n; i < width; ++i) to[p * width + i] = T{};
    }
  }
}

}  // namespace deepseek::gemm
