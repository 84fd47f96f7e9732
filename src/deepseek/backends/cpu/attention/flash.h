// Attention in tiles: the matrix of scores exists one tile at a time.
#pragma once
#include "deepseek/ops/kernel_op.h"

namespace deepseek::attention {

struct Options {
  double scale = 1;
  bool causal = false;  // query i sees keys 0 .. i
  double dropout = 0;   // of the weights after the softmax; then the last input is the random key, a whole number
};

// q (n, h, l, e), k (n, h, s, e), v (n, h, s, w) [, mask that broadcasts to (n, h, l, s), added] [, key] of float32
//   -> output (n, h, l, w), log of the sum of exponentials (n, h, l)
KernelFn make_forward(const Options&, KernelContext&);

// q, k, v, output, logsum, gradient of output [, mask] [, key] -> gradients of q, k, v
KernelFn make_backward(const Options&, KernelContext&);

}  // namespace deepseek::attention
