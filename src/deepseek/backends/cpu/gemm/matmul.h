// Batched strided matrix products with bias and pointwise epilogue.
#pragma once
#include <vector>

#include "deepseek/ops/kernel_op.h"

namespace deepseek::gemm {

// c[i] (m x n, unit stride along n) = a[i] (m x k) * b[i] (k x n) for each item of the batch. Strides in elements.
struct MatMulShape {
  struct Item {
    int64_t a, b, c;  // offsets
  };
  int64_t m = 1, n = 1, k = 1;
  int64_t a_row = 0, a_col = 0, b_row = 0, b_col = 0, c_row = 0;
  std::vector<Item> batch;
};

// Batch dims that continue the rows of `a` (and that b does not have) become rows.
MatMulShape matmul_shape(const Operand& a, const Operand& b, const Operand& c);

// What happens to the result before it is stored. Pointers are given at the run: operand positions here.
struct Epilogue {
  int bias = -1;  // input with n elements
  std::vector<PostOp> post_ops;
};

// The kernel for inputs a, b (positions 0 and 1) and output 0.
KernelFn make_matmul(DType, MatMulShape, Epilogue);

}  // namespace deepseek::gemm
