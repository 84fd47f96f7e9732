// Matrix products by oneDNN, cut into tiles of the result that one thread each computes.
#pragma once
#include "deepseek/backends/cpu/gemm/matmul.h"

namespace deepseek::gemm {

// Empty where the library has no product for these types and strides, or where its call would cost more than the product.
KernelFn make_library_matmul(DType, const MatMulShape&, const Epilogue&);

}  // namespace deepseek::gemm
