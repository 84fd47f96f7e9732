// Checks and output sizes that the public pools share.
#pragma once
#include "deepseek/ops/pool/pool_ops.h"

namespace deepseek {

struct PoolArguments {
  Dims kernel;
  std::optional<Dims> stride;  // missing: the kernel's size
  Dims pad{0}, dilation{1};
  bool ceil_mode = false;
};

// Fills in the window of a pool over `spatial` dims of x, or raises.
void set_windows(std::string_view op, int spatial, const Tensor& x, const PoolArguments& arguments, PoolOp& pool);

// The same for adaptive pools; an output size of -1 keeps the input's.
void set_adaptive(std::string_view op, int spatial, const Tensor& x, const Dims& output_size, PoolOp& pool);


// x as (batch, channels, space...), and whether the batch dim was added.
std::pair<Tensor, bool> batched(std::string_view op, int spatial, const Tensor& x);
Tensor unbatched(const Tensor& y, bool added);

}  // namespace deepseek
