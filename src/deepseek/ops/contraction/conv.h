// Convolution and its two partners. All three are derivatives of one sum of products of an image x (n, c, ...), a weight
// w (o, c / groups, ...) and an image y (n, o, ...): each takes two of them and gives the third, and the gradient of each is
// made of the other two.
#pragma once
#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/ops/op.h"

namespace deepseek {

// What the three share. `sizes` holds the spatial sizes of the result, which the operands do not determine.
struct ConvOp : KernelOp {
  int64_t groups = 1;
  Dims stride, dilation, front, sizes;  // front: padding before the first pixel

  KernelFn prepare_kind(conv::Kind kind, KernelContext& context, const conv::Ending& ending = {}) const;

 protected:
  Shape result(int64_t batch, int64_t channels) const;
  // The partner that gives an operand of this spec.
  template <class S>
  S partner(const Spec& result) const {
    S op;
    op.groups = groups, op.stride = stride, op.dilation = dilation, op.front = front;
    op.sizes = Dims(std::span(result.shape.data() + 2, static_cast<size_t>(result.rank() - 2)));
    return op;
  }
};

#define DEEPSEEK_CONV_ATTRS(S) std::tuple{&S::groups, &S::stride, &S::dilation, &S::front, &S::sizes}

// x, w [, bias] -> y
struct Conv : ConvOp {
  static constexpr OpInfo info{.name = "conv", .amp = Amp::lower, .onnx = "Conv", .tflite = "CONV_2D"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr int max_post_ops = 3;
  static constexpr auto attrs = DEEPSEEK_CONV_ATTRS(Conv);
  Spec infer(Specs in) const;
  KernelFn prepare(KernelContext& context) const;
  void gradient(Grad& g) const;
};

// x, w [, bias], slope, shift -> (conv + bias) * slope + shift with one slope and shift for each channel, within [0, 6] with relu6:
// a convolution and the batch norm of a network that is not trained. The scheduler makes it (scheduler/fold_channels.cpp).
struct ConvAffine : ConvOp {
  static constexpr OpInfo info{.name = "conv_affine"};
  static constexpr int max_post_ops = 3;
  bool bias = false, relu6 = false;
  static constexpr auto attrs = std::tuple_cat(DEEPSEEK_CONV_ATTRS(ConvAffine), std::tuple{&ConvAffine::bias, &ConvAffine::relu6});
  Spec infer(Specs in) const;
  KernelFn prepare(KernelContext& context) const;
  static constexpr NotDifferentiable gradient{"it only exists inside plans"};
};

// y, w -> x
struct ConvInput : ConvOp {
  static constexpr OpInfo info{.name = "conv_input", .amp = Amp::lower, .onnx = "ConvTranspose", .tflite = "TRANSPOSE_CONV"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_CONV_ATTRS(ConvInput);
  Spec infer(const Spec& y, const Spec& w) const;
  KernelFn prepare(KernelContext& context) const { return prepare_kind(conv::Kind::backward_input, context); }
  void gradient(Grad& g) const;
};

// x, y -> w
struct ConvWeight : ConvOp {
  static constexpr OpInfo info{.name = "conv_weight", .amp = Amp::lower};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_CONV_ATTRS(ConvWeight);
  Spec infer(const Spec& x, const Spec& y) const;
  KernelFn prepare(KernelContext& context) const { return prepare_kind(conv::Kind::backward_weight, context); }
  void gradient(Grad& g) const;
};

#undef DEEPSEEK_CONV_ATTRS

// One number per spatial dim: the only one given stands for all.
Dims per_dim(std::string_view op, std::string_view what, const Dims& given, int spatial, int64_t least);

}  // namespace deepseek
