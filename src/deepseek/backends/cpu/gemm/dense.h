// Products of float32 matrices that lie in memory by strides, written where they belong.
#pragma once
#include "deepseek/backends/cpu/gemm/matmul.h"

namespace deepseek::gemm {

// Null where another kernel is faster: vectors and small products.
KernelFn make_dense_matmul(const MatMulShape& shape, const Epilogue& epilogue);

}  // namespace deepseek::gemm
