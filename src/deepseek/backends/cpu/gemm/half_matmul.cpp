#include "deepseek/backends/cpu/gemm/half_matmul.h"

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/backends/cpu/gemm/library_layout.h"
#include "deepseek/backends/cpu/half/widened.h"
#include "deepseek/tensor/error.h"

namespace deepseek::gemm {
namespace {

class HalfMatMul {
 public:
  HalfMatMul(DType type, MatMulShape s, Epilogue epilogue)
      : s_(std::move(s)), epilogue_(std::move(epilogue)), rows_(s_.m), cols_(s_.n),
        a_transposed_(as_library(s_.m, s_.k, s_.a_row, s_.a_col).transposed == 'T'),
        b_transposed_(as_library(s_.k, s_.n, s_.b_row, s_.b_col).transposed == 'T'),
        widen_(half::conversion(type, DType::float32)), narrow_(half::conversion(DType::float32, type)) {
    // A conversion is shared by all that a block meets: 256 lines hide it. Blocks of both factors and the tile fit a private cache.
    constexpr int64_t tasks_wanted = 8, most_rows = 256, most_cols = 512;
    const int64_t products_per_task = s_.m == 1 || s_.n == 1 ? 1 << 16 : 1 << 19, batch = static_cast<int64_t>(s_.batch.size());
    const auto tasks = [&] { return batch * ((s_.m + rows_ - 1) / rows_) * ((s_.n + cols_ - 1) / cols_); };
    while (rows_ > most_rows) rows_ = round_up((rows_ + 1) / 2, 16);
    while (cols_ > most_cols) cols_ = round_up((cols_ + 1) / 2, 64);
    while (tasks() < tasks_wanted && rows_ * cols_ * s_.k >= 2 * products_per_task) {
      if (cols_ >= rows_ && cols_ > 64) cols_ = round_up((cols_ + 1) / 2, 64);
      else if (rows_ > 32) rows_ = round_up((rows_ + 1) / 2, 16);
      else break;
    }
    depth_ = std::clamp<int64_t>((1 << 17) / std::max(rows_, cols_), 64, 1024);
    depth_ = std::min(depth_, s_.k);
  }

  void operator()(const KernelRun& run) const {
    const library::OneThread one_thread;
    const int64_t row_tiles = (s_.m + rows_ - 1) / rows_, col_tiles = (s_.n + cols_ - 1) / cols_;
    const int64_t per_item = row_tiles * col_tiles;
    const int64_t grain = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, rows_ * cols_ * s_.k));
    parallel_for(per_item * static_cast<int64_t>(s_.batch.size()), grain, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        tile(run, s_.batch[static_cast<size_t>(task / per_item)], task % per_item / col_tiles * rows_, task % per_item % col_tiles * cols_);
      }
    });
  }

 private:
  using Half = uint16_t;

  void widen(const Half* from, float* to, int64_t n) const {
    const void* in = from;
    widen_(to, &in, n);
  }

  // `lines` of `length` neighbours, `step` apart.
  void widen_block(const Half* from, int64_t step, int64_t lines, int64_t length, float* to) const {
    if (step == length) return widen(from, to, lines * length);
    for (int64_t i = 0; i < lines; ++i) widen(from + i * step, to + i * length, length);
  }

  void tile(const KernelRun& run, const MatMulShape::Item& item, int64_t row, int64_t col) const {
    const int64_t rows = std::min(rows_, s_.m - row), cols = std::min(cols_, s_.n - col);
    float* a = static_cast<float*>(thread_scratch(((rows_ + cols_) * depth_ + (rows_ + 1) * cols_) * static_cast<int64_t>(sizeof(float))));
    float *b = a + rows_ * depth_, *c = b + cols_ * depth_, *other = c + rows_ * cols_;
    const Half* from_a = static_cast<const Half*>(run.inputs[0]) + item.a + row * s_.a_row;
    const Half* from_b = static_cast<const Half*>(run.inputs[1]) + item.b + col * s_.b_col;
    for (int64_t p = 0; p < s_.k; p += depth_) {
      const int64_t depth = std::min(depth_, s_.k - p);
      if (a_transposed_) widen_block(from_a + p * s_.a_col, s_.a_col, depth, rows, a);
      else widen_block(from_a + p, s_.a_row, rows, depth, a);
      if (b_transposed_) widen_block(from_b + p, s_.b_col, cols, depth, b);
      else widen_block(from_b + p * s_.b_row, s_.b_row, depth, cols, b);
      const dnnl_status_t status =
          dnnl_sgemm(a_transposed_ ? 'T' : 'N', b_transposed_ ? 'T' : 'N', rows, cols, depth, 1.f, a, a_transposed_ ? rows : depth, b,
                     b_transposed_ ? depth : cols, p > 0 ? 1.f : 0.f, c, cols);
      DEEPSEEK_CHECK(status == dnnl_success, "sgemm ", static_cast<int>(status));
    }
    finish(run, item, row, rows, col, cols, c, other);
  }

  void finish(const KernelRun& run, const MatMulShape::Item& item, int64_t row, int64_t rows, int64_t col, int64_t cols, float* c,
              float* other) const {
    const auto add_line = [&](int64_t input, int64_t offset, float* line) {
      widen(static_cast<const Half*>(run.inputs[input]) + offset, other, cols);
      for (int64_t j = 0; j < cols; ++j) line[j] += other[j];
    };
    for (int64_t r = 0; r < rows; ++r) {
      float* line = c + r * cols;
      const int64_t offset = item.c + (row + r) * s_.c_row + col;
      if (epilogue_.bias >= 0) add_line(epilogue_.bias, col, line);
      for (const PostOp& post : epilogue_.post_ops) {
        if (post.kind == PostOp::Kind::add_operand) add_line(post.input, offset, line);
        else for (int64_t j = 0; j < cols; ++j) line[j] = line[j] < 0 ? 0.f : line[j];
      }
      const void* in = line;
      narrow_(static_cast<Half*>(run.outputs[0]) + offset, &in, cols);
    }
  }

  MatMulShape s_;
  Epilogue epilogue_;
  int64_t rows_, cols_, depth_ = 1;
  bool a_transposed_, b_transposed_;
  fused::BlockFn widen_, narrow_;
};

}  // namespace

KernelFn make_half_matmul(DType type, const MatMulShape& s, const Epilogue& epilogue) {
  const LibraryMatrix a = as_library(s.m, s.k, s.a_row, s.a_col), b = as_library(s.k, s.n, s.b_row, s.b_col);
  if (a.ld == 0 || b.ld == 0 || s.k == 0 || s.batch.empty()) return {};
  return HalfMatMul(type, s, epilogue);
}

}  // namespace deepseek::gemm
