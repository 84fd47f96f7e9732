// Attention whose matrix of scores exists one tile at a time; float32, and 16-bit floats by way of it.
#pragma once
#include "deepseek/backends/cpu/attention/flash.h"
#include "deepseek/ops/op.h"

namespace deepseek {

struct AttentionBase : KernelOp {
  double scale = 1;
  bool causal = false;
  double dropout = 0;

 protected:
  using Make = KernelFn (*)(const attention::Options&, KernelContext&);
  KernelFn kernel(Make make, KernelContext& context) const;
};

// q (n, h, l, e), k (n, h, s, e), v (n, h, s, w) [, mask that broadcasts to (n, h, l, s), added] [, random key]
// -> output (n, h, l, w), logarithm of the sum of exponentials (n, h, l), which is float32
struct Attention : AttentionBase {
  static constexpr OpInfo info{.name = "attention", .amp = Amp::lower};
  static constexpr auto attrs = std::tuple{&Attention::scale, &Attention::causal, &Attention::dropout};
  void infer(Specs in, std::vector<Spec>& out) const;
  KernelFn prepare(KernelContext& context) const { return kernel(attention::make_forward, context); }
  void gradient(Grad& g) const;
};

// q, k, v, output, logarithm of the sum, gradient of output [, mask] [, random key] -> gradients of q, k, v
struct AttentionBackward : AttentionBase {
  static constexpr OpInfo info{.name = "attention_backward"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = std::tuple{&AttentionBackward::scale, &AttentionBackward::causal, &AttentionBackward::dropout};
  void infer(Specs in, std::vector<Spec>& out) const { out = {*in[0], *in[1], *in[2]}; }
  KernelFn prepare(KernelContext& context) const { return kernel(attention::make_backward, context); }
  void gradient(Grad& g) const;
};

// (l, s) of bool: query i sees keys 0 .. i.
Tensor causal_mask(int64_t queries, int64_t keys);

// What attention with dropout multiplies its weights (n, h, l, s) by: 0, or 65536 / (65536 - round(65536 dropout)).
Tensor drop_factors(const Shape& scores, const Tensor& key, double dropout);

}  // namespace deepseek
