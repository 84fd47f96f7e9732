#include "deepseek/ops/contraction/conv.h"

#include <algorithm>

#include "deepseek/ops/core/core.h"

namespace deepseek {
namespace {

conv::Triple triple(std::span<const int64_t> d, int64_t fill) {
  conv::Triple t{fill, fill, fill};
  std::copy(d.begin(), d.end(), t.end() - static_cast<std::ptrdiff_t>(d.size()));
  return t;
}
conv::Triple space(const Spec& s) { return triple({s.shape.data() + 2, static_cast<size_t>(s.rank() - 2)}, 1); }

}  // namespace

Shape ConvOp::result(int64_t batch, int64_t channels) const {
  Shape s{batch, channels};
  for (int64_t d : sizes) s.push_back(d);
  return s;
}

KernelFn ConvOp::prepare_kind(conv::Kind kind, KernelContext& context, const conv::Ending& ending) const {
  const Spec &first = context.inputs[0].spec, &second = context.inputs[1].spec, &out = context.outputs[0].spec;
  const bool forward = kind == conv::Kind::forward, back = kind == conv::Kind::backward_input;
  const Spec &x = back ? out : first, &w = forward || back ? second : out, &y = forward ? out : back ? first : second;
  const conv::ConvShape shape{.kind = kind, .spatial = sizes.size(), .batch = x.shape[0], .groups = groups,
                              .in_channels = x.shape[1],
                              .out_channels = y.shape[1], .in = space(x), .out = space(y), .kernel = space(w),
                              .stride = triple(stride, 1), .dilation = triple(dilation, 1), .pad = triple(front, 0), .ending = ending};
  return conv::make_kernel(shape, context);
}

KernelFn Conv::prepare(KernelContext& context) const {
  const auto added = std::count_if(context.post_ops.begin(), context.post_ops.end(),
                                   [](const PostOp& p) { return p.kind == PostOp::Kind::add_operand; });
  const bool bias = static_cast<std::ptrdiff_t>(context.inputs.size()) - added == 3;
  return prepare_kind(conv::Kind::forward, context, {.bias = bias ? 2 : -1});
}

KernelFn ConvAffine::prepare(KernelContext& context) const {
  return prepare_kind(conv::Kind::forward, context, {.bias = bias ? 2 : -1, .slope = bias ? 3 : 2, .relu6 = relu6});
}

Spec ConvAffine::infer(Specs in) const { return {in[0]->dtype, result(in[0]->shape[0], in[1]->shape[0])}; }
Spec Conv::infer(Specs in) const { return {in[0]->dtype, result(in[0]->shape[0], in[1]->shape[0])}; }
Spec ConvInput::infer(const Spec& y, const Spec& w) const { return {y.dtype, result(y.shape[0], w.shape[1] * groups)}; }
Spec ConvWeight::infer(const Spec& x, const Spec& y) const { return {x.dtype, result(y.shape[1], x.shape[1] / groups)}; }

void Conv::gradient(Grad& g) const {
  const Tensor up = g.grad();
  if (g.needs(0)) g.set(0, apply(partner<ConvInput>(g.input_spec(0)), up, g.input(1)));
  if (g.needs(1)) g.set(1, apply(partner<ConvWeight>(g.input_spec(1)), g.input(0), up));
  if (g.inputs() < 3 || !g.needs(2)) return;
  Dims dims{0};
  for (int d = 2; d < up.rank(); ++d) dims.push_back(d);
  const bool narrow = size_of(up.dtype()) == 2;
  g.set(2, reduce(fused::ReduceKind::sum, narrow ? cast(up, DType::float32) : up, dims, false));
}

void ConvInput::gradient(Grad& g) const {
  if (g.needs(0)) g.set(0, apply(partner<Conv>(g.input_spec(0)), g.grad(), g.input(1)));
  if (g.needs(1)) g.set(1, apply(partner<ConvWeight>(g.input_spec(1)), g.grad(), g.input(0)));
}

void ConvWeight::gradient(Grad& g) const {
  if (g.needs(0)) g.set(0, apply(partner<ConvInput>(g.input_spec(0)), g.input(1), g.grad()));
  if (g.needs(1)) g.set(1, apply(partner<Conv>(g.input_spec(1)), g.input(0), g.grad()));
}

}  // namespace deepseek
