// Products of 16-bit floats where the machine has none of its own.
#pragma once
#include "deepseek/backends/cpu/gemm/matmul.h"

namespace deepseek::gemm {

// Blocks of both factors become float32 in the private cache and meet oneDNN's float32 product; sums stay float32 until the tile is
// stored. Empty where neither stride of a factor is one, or where the calls would cost more than the product.
KernelFn make_half_matmul(DType, const MatMulShape&, const Epilogue&);

}  // namespace deepseek::gemm
