#include "deepseek/backends/cpu/gemm/matmul.h"

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/backends/cpu/gemm/epilogue.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/tensor/error.h"

namespace deepseek::gemm {

MatMulShape matmul_shape(const Operand& a, const Operand& b, const Operand& c) {
  const int ra = a.spec.rank(), rb = b.spec.rank(), rc = c.spec.rank();
  MatMulShape s{.m = a.spec.shape[ra - 2], .n = b.spec.shape[rb - 1], .k = a.spec.shape[ra - 1],
                .a_row = a.strides[ra - 2], .a_col = a.strides[ra - 1], .b_row = b.strides[rb - 2], .b_col = b.strides[rb - 1],
                .c_row = c.strides[rc - 2]};
  const auto stride = [&](const Operand& x, int rank, int d) {
    const int at = d - (rc - rank);
    return at < 0 || x.spec.shape[at] == 1 ? 0 : x.strides[at];
  };
  int batch_dims = rc - 2;
  if (s.m == 1 && batch_dims > 0) {  // a row of its own has no stride to agree with
    s.a_row = stride(a, ra, batch_dims - 1);
    s.c_row = c.strides[batch_dims - 1];
  }
  while (batch_dims > 0) {
    const int d = batch_dims - 1;
    const int64_t size = c.spec.shape[d];
    const bool continues = stride(b, rb, d) == 0 && stride(a, ra, d) == s.m * s.a_row && c.strides[d] == s.m * s.c_row;
    if (size != 1 && !continues) break;
    s.m *= size;
    --batch_dims;
  }
  if (c.spec.numel() == 0) return s;
  s.batch.push_back({0, 0, 0});
  for (int d = 0; d < batch_dims; ++d) {
    std::vector<MatMulShape::Item> next;
    next.reserve(s.batch.size() * static_cast<size_t>(c.spec.shape[d]));
    for (const MatMulShape::Item& item : s.batch) {
      for (int64_t i = 0; i < c.spec.shape[d]; ++i) {
        next.push_back({item.a + i * stride(a, ra, d), item.b + i * stride(b, rb, d), item.c + i * c.strides[d]});
      }
    }
    s.batch = std::move(next);
  }
  return s;
}

namespace {

// Packs by strides; any dtype.
template <class S>
void run_packed(const MatMulShape& s, const Epilogue& epilogue, const KernelRun& run) {
  using T = Accumulator<S>;
  const S* a = static_cast<const S*>(run.inputs[0]);
  const S* b = static_cast<const S*>(run.inputs[1]);
  S* c = static_cast<S*>(run.outputs[0]);
  multiply<T>(
      static_cast<int64_t>(s.batch.size()), s.m, s.n, s.k,
      [&](int64_t i, int64_t row, int64_t rows, int64_t p, int64_t depth, T* to) {
        const S* from = a + s.batch[static_cast<size_t>(i)].a + row * s.a_row + p * s.a_col;
        pack_lines<T>(from, s.a_row, s.a_col, rows, depth, true, to);
      },
      [&](int64_t i, int64_t col, int64_t cols, int64_t p, int64_t depth, T* to) {
        const S* from = b + s.batch[static_cast<size_t>(i)].b + col * s.b_col + p * s.b_row;
        pack_lines<T>(from, s.b_col, s.b_row, cols, depth, false, to);
      },
      [&](int64_t i, int64_t row, int64_t rows, int64_t col, int64_t cols, T* tile, int64_t ld) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t offset = s.batch[static_cast<size_t>(i)].c + (row + r) * s.c_row + col;
          finish_row(epilogue, run, offset, col, cols, tile + r * ld, c + offset);
        }
      });
}

// How the library takes a matrix: transposed or not, with a leading dimension; ld 0 when neither stride is one.
struct LibraryMatrix {
  char transposed = 'N';
  int64_t ld = 0;
};
LibraryMatrix as_library(int64_t rows, int64_t cols, int64_t row_step, int64_t col_step) {
  if ((col_step == 1 || cols == 1) && (rows == 1 || row_step >= std::max<int64_t>(cols, 1))) {
    return {'N', rows == 1 ? std::max<int64_t>(cols, 1) : row_step};
  }
  if ((row_step == 1 || rows == 1) && (cols == 1 || col_step >= std::max<int64_t>(rows, 1))) {
    return {'T', cols == 1 ? std::max<int64_t>(rows, 1) : col_step};
  }
  return {};
}

// oneDNN's float32 product on tiles of the result, each by one thread. Unlike its matmul primitive it copies panels of b, so
// leading dimensions that are multiples of 4 KiB cost nothing.
struct LibraryTiles {
  int64_t rows, cols;
};
LibraryTiles library_tiles(const MatMulShape& s) {
  constexpr int64_t products_per_task = 1 << 17, tasks_wanted = 16;
  int64_t rows = s.m, cols = s.n;
  const int64_t batch = static_cast<int64_t>(s.batch.size());
  const auto tasks = [&] { return batch * ((s.m + rows - 1) / rows) * ((s.n + cols - 1) / cols); };
  while (tasks() < tasks_wanted && rows * cols * s.k >= 2 * products_per_task) {
    if (cols >= rows && cols > 64) cols = round_up((cols + 1) / 2, 64);
    else if (rows > 16) rows = round_up((rows + 1) / 2, 16);
    else break;
  }
  return {rows, cols};
}

void run_library(const MatMulShape& s, LibraryMatrix la, LibraryMatrix lb, LibraryTiles tile, const Epilogue& epilogue,
                 const KernelRun& run) {
  const library::OneThread one_thread;
  const float* a = static_cast<const float*>(run.inputs[0]);
  const float* b = static_cast<const float*>(run.inputs[1]);
  float* c = static_cast<float*>(run.outputs[0]);
  const int64_t row_tiles = (s.m + tile.rows - 1) / tile.rows, col_tiles = (s.n + tile.cols - 1) / tile.cols;
  const int64_t per_item = row_tiles * col_tiles, tasks = per_item * static_cast<int64_t>(s.batch.size());
  // Small items go to a thread in groups.
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, tile.rows * tile.cols * s.k));
  parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const MatMulShape::Item& item = s.batch[static_cast<size_t>(task / per_item)];
      const int64_t row = task % per_item / col_tiles * tile.rows, col = task % per_item % col_tiles * tile.cols;
      const int64_t rows = std::min(tile.rows, s.m - row), cols = std::min(tile.cols, s.n - col);
      float* to = c + item.c + row * s.c_row + col;
      const dnnl_status_t status =
          dnnl_sgemm(la.transposed, lb.transposed, rows, cols, s.k, 1.f, a + item.a + row * s.a_row, la.ld,
                     b + item.b + col * s.b_col, lb.ld, 0.f, to, s.m == 1 ? std::max(s.n, s.c_row) : s.c_row);
      DEEPSEEK_CHECK(status == dnnl_success, "sgemm ", static_cast<int>(status));
      if (epilogue.bias < 0 && epilogue.post_ops.empty()) continue;
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t offset = item.c + (row + r) * s.c_row + col;
        finish_row(epilogue, run, offset, col, cols, c + offset, c + offset);
      }
    }
  });
}

}  // namespace

KernelFn make_matmul(DType type, MatMulShape s, Epilogue epilogue) {
  const LibraryMatrix la = as_library(s.m, s.k, s.a_row, s.a_col), lb = as_library(s.k, s.n, s.b_row, s.b_col);
  // The library's call costs more than a product of some thousand terms.
  if (type == DType::float32 && la.ld > 0 && lb.ld > 0 && s.k > 0 && s.m * s.n * s.k > 4096) {
    const LibraryTiles tile = library_tiles(s);
    return [=, s = std::move(s), epilogue = std::move(epilogue)](const KernelRun& run) {
      run_library(s, la, lb, tile, epilogue, run);
    };
  }
  return visit_dtype(type, [&](auto element) -> KernelFn {
    using S = decltype(element);
    if constexpr (std::is_same_v<S, bool>) {
      raise_internal("matmul", __FILE__, __LINE__, "bool has no product");
    } else {
      return [s = std::move(s), epilogue = std::move(epilogue)](const KernelRun& run) { run_packed<S>(s, epilogue, run); };
    }
  });
}

}  // namespace deepseek::gemm
