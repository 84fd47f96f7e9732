// The end of a product: bias, relu and residual in one pass while the tile is in cache.
#pragma once
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/backends/cpu/gemm/matmul.h"

namespace deepseek::gemm {

// One row of a tile: to[j] = post(from[j] + bias[j]). `offset` is the position of to[0] in the output.
template <class S, class T>
void finish_row(const Epilogue& epilogue, const KernelRun& run, int64_t offset, int64_t col, int64_t n, T* from, S* to) {
  if (epilogue.bias >= 0) {
    const S* bias = static_cast<const S*>(run.inputs[epilogue.bias]) + col;
    for (int64_t j = 0; j < n; ++j) from[j] += load_element<T>(bias[j]);
  }
  for (const PostOp& post : epilogue.post_ops) {
    if (post.kind == PostOp::Kind::relu) {
      for (int64_t j = 0; j < n; ++j) from[j] = relu_element<S>(from[j]);
    } else {
      const S* other = static_cast<const S*>(run.inputs[post.input]) + offset;
      for (int64_t j = 0; j < n; ++j) from[j] += load_element<T>(other[j]);
    }
  }
  if (static_cast<const void*>(from) == to) return;
  for (int64_t j = 0; j < n; ++j) to[j] = store_element<S>(from[j]);
}

}  // namespace deepseek::gemm
