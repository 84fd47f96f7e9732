// Products of a few rows with packed weights, compiled for each instruction set.
#pragma once
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::recurrent {

inline constexpr int most_rows = 6;
inline constexpr int64_t widest_panel = 32;  // of any instruction set

template <class T>
struct Products {
  // out (rows x cols, unit stride) = start (cols) + a (rows x depth, unit stride) * panel, for rows = 1 + the index.
  using Fn = void (*)(int64_t depth, const T* a, int64_t a_row, const T* panel, const T* start, T* out);
  int cols;
  Fn of_rows[most_rows];
  static const Products& best();
};

// The columns of a matrix (depth x cols) in panels, interleaved for Products.
template <class T>
class Panels {
 public:
  Panels(T* memory, int64_t cols, int64_t depth)
      : memory_(memory), cols_(cols), depth_(depth), width_(gemm::micro<T>().cols) {}
  static int64_t size(int64_t cols, int64_t depth) { return gemm::round_up(cols, widest_panel) * depth; }
  // Element (p, j) of the matrix lies at from[p * depth_step + j * col_step].
  void pack(const T* from, int64_t col_step, int64_t depth_step) const {
    const int64_t each = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, depth_ * width_));
    parallel_for(blocks(), each, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        gemm::micro<T>().pack_cols(from + b * width_ * col_step, col_step, depth_step,
                                   std::min(width_, cols_ - b * width_), depth_, memory_ + b * width_ * depth_);
      }
    });
  }
  int64_t blocks() const { return (cols_ + width_ - 1) / width_; }
  int64_t width() const { return width_; }
  int64_t depth() const { return depth_; }
  int64_t cols_of(int64_t block) const { return std::min(width_, cols_ - block * width_); }
  const T* operator[](int64_t block) const { return memory_ + block * width_ * depth_; }

 private:
  T* memory_;
  int64_t cols_, depth_, width_;
};

// out (rows x width of the panel) = start + a * panel
template <class T>
void multiply_rows(int64_t rows, const T* a, int64_t a_row, const Panels<T>& panels, int64_t block, const T* start,
                   T* out) {
  const Products<T>& products = Products<T>::best();
  for (int64_t r = 0; r < rows; r += most_rows) {
    const int64_t n = std::min<int64_t>(most_rows, rows - r);
    products.of_rows[n - 1](panels.depth(), a + r * a_row, a_row, panels[block], start, out + r * panels.width());
  }
}

}  // namespace deepseek::recurrent
