#include "deepseek/ops/attention/attention.h"

#include <limits>

#include "deepseek/backends/cpu/attention/drop.h"
#include "deepseek/backends/cpu/half/widened.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

struct DropFactors : Pointwise {
  static constexpr OpInfo info{.name = "attention_drop"};
  static constexpr NotDifferentiable gradient{"random numbers do not depend on their position"};
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static float lane(T position, T key, T threshold) {
    const auto limit = static_cast<uint32_t>(threshold);
    return attention::drop_factor(position, key, limit, 65536.f / static_cast<float>(65536 - static_cast<int32_t>(limit)));
  }
};

}  // namespace

Tensor drop_factors(const Shape& s, const Tensor& key, double dropout) {
  const int64_t row = attention::drop_stride(s[3]);
  return apply(DropFactors{}, iota(s, {s[1] * s[2] * row, s[2] * row, row, 1}), key, Tensor(int64_t{attention::Drop(dropout).threshold}));
}

KernelFn AttentionBase::kernel(Make make, KernelContext& context) const {
  const attention::Options options{scale, causal, dropout};
  if (!half::is_half(context.inputs[0].spec.dtype)) return make(options, context);
  return half::make_widened(context, [&](KernelContext& wide) { return make(options, wide); });
}

void Attention::infer(Specs in, std::vector<Spec>& out) const {
  Shape shape = in[0]->shape, sums = in[0]->shape;
  shape.back() = in[2]->shape.back();
  sums.pop_back();
  out = {{in[0]->dtype, shape}, {DType::float32, sums}};
}

void Attention::gradient(Grad& g) const {
  AttentionBackward back;
  static_cast<AttentionBase&>(back) = *this;
  TensorList in{g.input(0), g.input(1), g.input(2), g.output(0), g.output(1), g.grad(0)};
  for (int i = 3; i < g.inputs(); ++i) in.push_back(g.input(i));
  const TensorList out = apply_many(back, in);
  for (int i = 0; i < 3; ++i) g.set(i, out[static_cast<size_t>(i)]);
}

// With P = softmax(S), dP = g v', dS = softmax'(dP): dq = scale dS k, dk = scale dS' q, dv = P' g. The rule differentiates
// <a, dq> + <b, dk> + <c, dv>; it writes the scores, since second derivatives of attention are rare.
void AttentionBackward::gradient(Grad& g) const {
  const Tensor q = g.input(0), k = g.input(1), v = g.input(2), up = g.input(5);
  const Tensor a = g.grad(0), b = g.grad(1), c = g.grad(2);
  Tensor scores = product(q, k, false, true) * scale;
  if (g.inputs() > (dropout > 0 ? 7 : 6)) scores = scores + g.input(6);
  if (causal) scores = where(causal_mask(q.size(2), k.size(2)), scores, -std::numeric_limits<double>::infinity());
  // Weights are multiplied by what dropout makes of them, m; so are the gradients that come back through it.
  const Tensor m = dropout > 0 ? drop_factors(scores.shape(), g.input(g.inputs() - 1), dropout) : Tensor();
  const auto dropped = [&](const Tensor& t) { return m.defined() ? t * m : t; };
  const Tensor p = softmax(scores, -1), dp = dropped(product(up, v, false, true));
  const auto pulled_back = [&](const Tensor& t) { return p * (t - sum_over(t * p, {3})); };
  const Tensor ds = pulled_back(dp), e = (product(a, k, false, true) + product(q, b, false, true)) * scale;
  const Tensor z = pulled_back(e);
  const Tensor of_p = e * (dp - sum_over(dp * p, {3})) - dp * sum_over(e * p, {3}) + dropped(product(up, c, false, true));
  const Tensor of_scores = pulled_back(of_p);
  g.set(0, (product(ds, b) + product(of_scores, k)) * scale);
  g.set(1, (product(ds, a, true) + product(of_scores, q, true)) * scale);
  g.set(2, product(dropped(z), up, true));
  g.set(5, product(dropped(z), v) + product(dropped(p), c));
}

Tensor causal_mask(int64_t queries, int64_t keys) { return iota({queries, keys}, {-1, 1}) <= 0; }

}  // namespace deepseek
