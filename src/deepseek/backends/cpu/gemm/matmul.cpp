#include "deepseek/backends/cpu/gemm/matmul.h"

#include "deepseek/backends/cpu/gemm/dense.h"
#include "deepseek/backends/cpu/gemm/epilogue.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/backends/cpu/gemm/library_matmul.h"
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

}  // namespace

KernelFn make_matmul(DType type, MatMulShape s, Epilogue epilogue) {
  if (type == DType::float32) {
    if (KernelFn kernel = make_dense_matmul(s, epilogue)) return kernel;
  }
  if (KernelFn kernel = make_library_matmul(type, s, epilogue)) return kernel;
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
