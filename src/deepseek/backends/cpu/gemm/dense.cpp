#include "deepseek/backends/cpu/gemm/dense.h"

#include "deepseek/backends/cpu/gemm/epilogue.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::gemm {
namespace {

// A task makes a tile of c. For each block of the depth it packs its columns of b once, then a block of rows after the other: the
// packed rows stay in a core's cache, the packed columns pass through it.
constexpr int64_t depth_block = 256, row_block = 144, most_rows = 768, most_cols = 512;

struct Tiles {
  int64_t rows, cols;
};

// By size only: results and tasks are the same at any number of threads.
Tiles tiles_of(const MatMulShape& s, int64_t micro_rows, int64_t micro_cols) {
  const auto even = [](int64_t n, int64_t most, int64_t multiple) {
    const int64_t parts = (n + most - 1) / most;
    return round_up((n + parts - 1) / parts, multiple);
  };
  int64_t row_parts = (s.m + most_rows - 1) / most_rows, col_parts = (s.n + most_cols - 1) / most_cols;
  const auto tile = [&] {
    return Tiles{even(s.m, (s.m + row_parts - 1) / row_parts, micro_rows), even(s.n, (s.n + col_parts - 1) / col_parts, micro_cols)};
  };
  const auto batch = static_cast<int64_t>(s.batch.size());
  for (;;) {
    const Tiles t = tile();
    const int64_t tasks = batch * row_parts * col_parts, products = t.rows * t.cols * s.k;
    const bool few = tasks < 16 && products >= 1 << 21, large = tasks < 64 && products >= 1 << 26;
    if (!few && !large) return t;
    // Columns are packed for each part of the rows and the other way round; rows are the cheaper ones to split.
    if (t.rows >= t.cols && t.rows > micro_rows) ++row_parts;
    else if (t.cols > micro_cols) ++col_parts;
    else return t;
  }
}

class Dense {
 public:
  Dense(MatMulShape s, Epilogue epilogue)
      : s_(std::move(s)), epilogue_(std::move(epilogue)), tile_(tiles_of(s_, micro<float>().rows, micro<float>().cols)) {}

  void operator()(const KernelRun& run) const {
    const int64_t row_tiles = (s_.m + tile_.rows - 1) / tile_.rows, col_tiles = (s_.n + tile_.cols - 1) / tile_.cols;
    parallel_for(static_cast<int64_t>(s_.batch.size()) * row_tiles * col_tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t at = task % (row_tiles * col_tiles);
        one(run, s_.batch[static_cast<size_t>(task / (row_tiles * col_tiles))], at % row_tiles * tile_.rows, at / row_tiles * tile_.cols);
      }
    });
  }

 private:
  void one(const KernelRun& run, const MatMulShape::Item& item, int64_t row, int64_t col) const {
    const Micro<float>& kernel = micro<float>();
    const int64_t rows = std::min(tile_.rows, s_.m - row), cols = std::min(tile_.cols, s_.n - col);
    const int64_t depth_most = std::min(depth_block, s_.k), block = round_up(row_block, kernel.rows);
    const int64_t a_size = round_up(block * depth_most, 16), b_size = round_up(round_up(cols, kernel.cols) * depth_most, 16);
    auto* a = static_cast<float*>(thread_scratch((a_size + b_size + kernel.rows * kernel.cols) * static_cast<int64_t>(sizeof(float))));
    float *b = a + a_size, *edge = b + b_size;
    const float* a_from = static_cast<const float*>(run.inputs[0]) + item.a + row * s_.a_row;
    const float* b_from = static_cast<const float*>(run.inputs[1]) + item.b + col * s_.b_col;
    float* c = static_cast<float*>(run.outputs[0]) + item.c + row * s_.c_row + col;
    for (int64_t p = 0; p < s_.k; p += depth_block) {
      const int64_t depth = std::min(depth_block, s_.k - p);
      kernel.pack_cols(b_from + p * s_.b_row, s_.b_col, s_.b_row, cols, depth, b);
      for (int64_t i = 0; i < rows; i += block) {
        const int64_t height = std::min(block, rows - i);
        kernel.pack_rows(a_from + i * s_.a_row + p * s_.a_col, s_.a_row, s_.a_col, height, depth, a);
        multiply_block(kernel, depth, a, b, c + i * s_.c_row, height, cols, p > 0, edge);
        if (p + depth == s_.k) finish(run, item.c + (row + i) * s_.c_row + col, col, height, cols);
      }
    }
  }

  void multiply_block(const Micro<float>& kernel, int64_t depth, const float* a, const float* b, float* c, int64_t rows, int64_t cols, bool add,
                      float* edge) const {
    for (int64_t j = 0; j < cols; j += kernel.cols) {
      for (int64_t i = 0; i < rows; i += kernel.rows) {
        float* to = c + i * s_.c_row + j;
        if (i + kernel.rows <= rows && j + kernel.cols <= cols) {
          kernel.multiply(depth, a + i * depth, b + j * depth, to, s_.c_row, add);
          continue;
        }
        kernel.multiply(depth, a + i * depth, b + j * depth, edge, kernel.cols, false);
        for (int64_t r = 0; r < std::min<int64_t>(kernel.rows, rows - i); ++r) {
          for (int64_t q = 0; q < std::min<int64_t>(kernel.cols, cols - j); ++q) {
            float& out = to[r * s_.c_row + q];
            out = edge[r * kernel.cols + q] + (add ? out : 0.f);
          }
        }
      }
    }
  }

  void finish(const KernelRun& run, int64_t offset, int64_t col, int64_t rows, int64_t cols) const {
    if (epilogue_.bias < 0 && epilogue_.post_ops.empty()) return;
    for (int64_t r = 0; r < rows; ++r) {
      float* line = static_cast<float*>(run.outputs[0]) + offset + r * s_.c_row;
      finish_row(epilogue_, run, offset + r * s_.c_row, col, cols, line, line);
    }
  }

  MatMulShape s_;
  Epilogue epilogue_;
  Tiles tile_;
};

}  // namespace

KernelFn make_dense_matmul(const MatMulShape& s, const Epilogue& epilogue) {
  const bool panels = s.m >= 24 && s.n >= 32 && s.k >= 16 && s.m * s.n * s.k >= 1 << 18;
  // Few rows do not repay the transposes of b's panels; the library's kernels read such factors in place.
  const bool few_rows = s.m <= 256 && s.a_col == 1 && s.b_row == 1;
  if (!panels || few_rows || s.batch.empty()) return {};
  return Dense(s, epilogue);
}

}  // namespace deepseek::gemm
