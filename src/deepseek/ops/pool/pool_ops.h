// Pools and the ops that their gradients are made of.
#pragma once
#include "deepseek/backends/cpu/pool/pool.h"
#include "deepseek/ops/op.h"

namespace deepseek {

// Which places each output sees. Adaptive: only `out` is set, and the places are split evenly.
struct PoolOp : KernelOp {
  Dims out, kernel, stride, pad, dilation;
  bool adaptive = false;
  bool count_pad = false;   // averages: padding counts as zeros
  double divisor = 0;       // averages: 0 is the window's size

  // `image` is the spec of the larger side.
  pool::Windows windows(const Spec& image) const;
  Spec pooled(const Spec& image) const;
};

#define DEEPSEEK_POOL_ATTRS(S) \
  std::tuple{&S::out, &S::kernel, &S::stride, &S::pad, &S::dilation, &S::adaptive, &S::count_pad, &S::divisor}

struct MaxPool : PoolOp {
  static constexpr OpInfo info{.name = "max_pool", .onnx = "MaxPool", .tflite = "MAX_POOL_2D"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_POOL_ATTRS(MaxPool);
  Spec infer(const Spec& x) const { return pooled(x); }
  KernelFn prepare(KernelContext& c) const { return pool::make_max(pool::MaxKind::value, windows(c.inputs[0].spec), c); }
  void gradient(Grad& g) const;
};

// Where in its image each largest element is.
struct MaxPoolIndex : PoolOp {
  static constexpr OpInfo info{.name = "max_pool_index"};
  static constexpr NotDifferentiable gradient{"positions are whole numbers"};
  static constexpr auto attrs = DEEPSEEK_POOL_ATTRS(MaxPoolIndex);
  Spec infer(const Spec& x) const { return {DType::int64, pooled(x).shape}; }
  KernelFn prepare(KernelContext& c) const { return pool::make_max(pool::MaxKind::index, windows(c.inputs[0].spec), c); }
};

// x, gradient of the pool of x -> gradient of x
struct MaxPoolScatter : PoolOp {
  static constexpr OpInfo info{.name = "max_pool_scatter"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_POOL_ATTRS(MaxPoolScatter);
  Spec infer(const Spec& x, const Spec&) const { return x; }
  KernelFn prepare(KernelContext& c) const { return pool::make_max(pool::MaxKind::scatter, windows(c.inputs[0].spec), c); }
  void gradient(Grad& g) const;
};

// x, values like x -> the values at each window's largest element of x
struct MaxPoolGather : PoolOp {
  static constexpr OpInfo info{.name = "max_pool_gather"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_POOL_ATTRS(MaxPoolGather);
  Spec infer(const Spec& x, const Spec&) const { return pooled(x); }
  KernelFn prepare(KernelContext& c) const { return pool::make_max(pool::MaxKind::gather, windows(c.inputs[0].spec), c); }
  void gradient(Grad& g) const;
};

struct AvgPool : PoolOp {
  static constexpr OpInfo info{.name = "avg_pool", .onnx = "AveragePool", .tflite = "AVERAGE_POOL_2D"};
  static constexpr Saves saves = Saves::nothing;
  static constexpr auto attrs = DEEPSEEK_POOL_ATTRS(AvgPool);
  Spec infer(const Spec& x) const { return pooled(x); }
  KernelFn prepare(KernelContext& c) const { return pool::make_average(false, windows(c.inputs[0].spec), c); }
  void gradient(Grad& g) const;
};

// Spreads each output's gradient over its window; `sizes`: spatial sizes of the image.
struct AvgPoolSpread : PoolOp {
  static constexpr OpInfo info{.name = "avg_pool_spread"};
  static constexpr Saves saves = Saves::nothing;
  Dims sizes;
  static constexpr auto attrs = std::tuple_cat(DEEPSEEK_POOL_ATTRS(AvgPoolSpread), std::tuple{&AvgPoolSpread::sizes});
  Spec infer(const Spec& y) const;
  KernelFn prepare(KernelContext& c) const { return pool::make_average(true, windows(c.outputs[0].spec), c); }
  void gradient(Grad& g) const;
};

#undef DEEPSEEK_POOL_ATTRS

}  // namespace deepseek
