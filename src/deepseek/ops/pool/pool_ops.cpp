#include "deepseek/ops/pool/pool_ops.h"

namespace deepseek {
namespace {

// The same window, another op of the family.
template <class S>
S partner(const PoolOp& pool) {
  S op;
  static_cast<PoolOp&>(op) = pool;
  return op;
}

pool::Range adaptive_range(int64_t i, int64_t in, int64_t out) {
  const int64_t first = i * in / out, last = ((i + 1) * in + out - 1) / out;
  return {first, last, last - first};
}

}  // namespace

pool::Windows PoolOp::windows(const Spec& image) const {
  const int spatial = out.size();
  pool::Windows w{.spatial = spatial, .batch = image.shape[0], .channels = image.shape[1], .divisor = divisor};
  for (size_t d = 0; d < 3; ++d) {
    const int at = static_cast<int>(d) - (3 - spatial);
    if (at < 0) {
      w.ranges[d] = {{0, 1, 1}};
      continue;
    }
    const int64_t in = image.shape[at + 2];
    w.in[d] = in, w.out[d] = out[at];
    if (!adaptive) w.step[d] = dilation[at];
    for (int64_t i = 0; i < out[at]; ++i) {
      if (adaptive) {
        w.ranges[d].push_back(adaptive_range(i, in, out[at]));
        continue;
      }
      const int64_t start = i * stride[at] - pad[at], reach = (kernel[at] - 1) * dilation[at] + 1;
      const int64_t before = start < 0 ? (-start + dilation[at] - 1) / dilation[at] * dilation[at] : 0;
      const int64_t first = start + before, last = std::min(start + reach, in);
      const int64_t seen = last > first ? (last - first + dilation[at] - 1) / dilation[at] : 0;
      w.ranges[d].push_back({first, last, count_pad ? std::min(start + reach, in + pad[at]) - start : seen});
    }
  }
  return w;
}

Spec PoolOp::pooled(const Spec& image) const {
  Shape shape{image.shape[0], image.shape[1]};
  for (int64_t n : out) shape.push_back(n);
  return {image.dtype, shape};
}

void MaxPool::gradient(Grad& g) const { g.set(0, apply(partner<MaxPoolScatter>(*this), g.input(), g.grad())); }

void MaxPoolScatter::gradient(Grad& g) const {
  if (g.needs(1)) g.set(1, apply(partner<MaxPoolGather>(*this), g.input(), g.grad()));
}

void MaxPoolGather::gradient(Grad& g) const {
  if (g.needs(1)) g.set(1, apply(partner<MaxPoolScatter>(*this), g.input(), g.grad()));
}

void AvgPool::gradient(Grad& g) const {
  AvgPoolSpread spread = partner<AvgPoolSpread>(*this);
  for (int d = 2; d < g.input_spec().rank(); ++d) spread.sizes.push_back(g.input_spec().shape[d]);
  g.set(0, apply(spread, g.grad()));
}

Spec AvgPoolSpread::infer(const Spec& y) const {
  Shape shape{y.shape[0], y.shape[1]};
  for (int64_t n : sizes) shape.push_back(n);
  return {y.dtype, shape};
}

void AvgPoolSpread::gradient(Grad& g) const { g.set(0, apply(partner<AvgPool>(*this), g.grad())); }

}  // namespace deepseek
