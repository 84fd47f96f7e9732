#include "deepseek/ops/pool/windows.h"

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/conv.h"

namespace deepseek {

void set_windows(std::string_view op, int spatial, const Tensor& x, const PoolArguments& arguments, PoolOp& pool) {
  pool.kernel = per_dim(op, "kernel_size", arguments.kernel, spatial, 1);
  pool.stride = arguments.stride && !arguments.stride->empty() ? per_dim(op, "stride", *arguments.stride, spatial, 1) :
      pool.kernel;
  pool.pad = per_dim(op, "padding", arguments.pad, spatial, 0);
  pool.dilation = per_dim(op, "dilation", arguments.dilation, spatial, 1);
  for (int d = 0; d < spatial; ++d) {
    const int64_t in = x.shape()[d + 2], reach = (pool.kernel[d] - 1) * pool.dilation[d] + 1, stride = pool.stride[d],
        pad = pool.pad[d];
    ensure(2 * pad <= pool.kernel[d], op, ": padding ", to_string(pool.pad), " must be at most half of kernel_size ",
           to_string(pool.kernel));
    const int64_t room = in + 2 * pad - reach;
    ensure(in > 0 && room >= 0, op, ": the window reaches over ", reach, " pixels, but the padded input has ", in + 2 * pad,
           " along spatial dim ", d, " (input ", to_string(x.shape()), ", kernel_size ", to_string(pool.kernel), ")");
    int64_t out = (arguments.ceil_mode ? room + stride - 1 : room) / stride + 1;
    if (arguments.ceil_mode && (out - 1) * stride >= in + pad) --out;  // a window must start before the padding behind
    pool.out.push_back(out);
  }
  for (const auto& dim : pool.windows(x.spec()).ranges) {
    for (const pool::Range& r : dim) {
      ensure(r.first < r.last, op, ": with dilation ", to_string(pool.dilation), " and padding ", to_string(pool.pad),
             " a window sees no pixel of input ", to_string(x.shape()));
    }
  }
}

void set_adaptive(std::string_view op, int spatial, const Tensor& x, const Dims& output_size, PoolOp& pool) {
  ensure(output_size.size() == 1 || output_size.size() == spatial, op, ": output_size must be one number or ", spatial,
         ", but it is ", to_string(output_size));
  pool.adaptive = true;
  for (int d = 0; d < spatial; ++d) {
    const int64_t in = x.shape()[d + 2], wanted = output_size[output_size.size() == 1 ? 0 : d], out = wanted == -1 ? in :
        wanted;
    ensure(out >= 1, op, ": output_size must be at least 1 (or -1), but it is ", to_string(output_size));
    ensure(in >= 1, op, ": input ", to_string(x.shape()), " has no pixels");
    pool.out.push_back(out);
  }
}

std::pair<Tensor, bool> batched(std::string_view op, int spatial, const Tensor& x) {
  ensure(x.rank() == spatial + 1 || x.rank() == spatial + 2, op,
         ": input must be (channels, space...) or (batch, channels, space...) with ", spatial, " spatial dims, but it is ",
         to_string(x.shape()));
  if (x.dtype() == DType::bool_) raise_type(op, ": not defined for bool tensors");
  return {x.rank() == spatial + 1 ? unsqueeze(x, 0) : x, x.rank() == spatial + 1};
}

Tensor unbatched(const Tensor& y, bool added) { return added ? squeeze(y, {0}) : y; }

}  // namespace deepseek
