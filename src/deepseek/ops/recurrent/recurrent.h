// One direction of one recurrent layer as an op, and the same recorded step by step.
#pragma once
#include "deepseek/backends/cpu/recurrent/recurrent.h"
#include "deepseek/ops/op.h"

namespace deepseek {

struct RecurrentBase {
  recurrent::Kind cell = recurrent::Kind::tanh;
  bool reverse = false, batch_first = false, keep = false, bias = false, projected = false, masked = false;
  recurrent::Options options() const { return {cell, reverse, batch_first, keep, bias, projected, masked}; }
};
#define DEEPSEEK_RECURRENT_ATTRS(S)                                                       \
  std::tuple {                                                                            \
    &S::cell, &S::reverse, &S::batch_first, &S::keep, &S::bias, &S::projected, &S::masked \
  }

// x (steps, items, features), h0 (items, out), w_ih (gates * hidden, features), w_hh (gates * hidden, out) [, c0
// (items, hidden)]
// [, b_ih, b_hh] [, w_hr (out, hidden)] [, lengths (items)] -> y (steps, items, out), h (items, out) [, c], and what is
// kept.
struct Recurrent : KernelOp, RecurrentBase {
  static constexpr OpInfo info{.name = "recurrent", .amp = Amp::full};
  static constexpr auto attrs = DEEPSEEK_RECURRENT_ATTRS(Recurrent);
  void infer(Specs in, std::vector<Spec>& out) const;
  KernelFn prepare(KernelContext& context) const { return recurrent::make_forward(options(), context); }
  void gradient(Grad& g) const;
};

// Inputs as recurrent::BackInputs, outputs as recurrent::BackOutputs.
struct RecurrentBackward : KernelOp, RecurrentBase {
  static constexpr OpInfo info{.name = "recurrent_backward"};
  static constexpr auto attrs = DEEPSEEK_RECURRENT_ATTRS(RecurrentBackward);
  void infer(Specs in, std::vector<Spec>& out) const;
  KernelFn prepare(KernelContext& context) const { return recurrent::make_backward(options(), context); }
  static constexpr NotDifferentiable gradient{"it only exists inside recurrent_gradient"};
};

// The gradients of all floating inputs of Recurrent, in their order.
struct RecurrentGradient : Composite, RecurrentBase {
  static constexpr OpInfo info{.name = "recurrent_gradient"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = DEEPSEEK_RECURRENT_ATTRS(RecurrentGradient);
  void infer(Specs in, std::vector<Spec>& out) const;
  void expand(const TensorList& in, TensorList& out) const;
  void gradient(Grad& g) const;
};
#undef DEEPSEEK_RECURRENT_ATTRS

// y, h [, c] of the inputs of Recurrent, by ops for every step: differentiable as often as wanted.
TensorList recorded_steps(const recurrent::Options& options, const TensorList& in);

// One step: h [, c] after the products with input and state, both (items, gates * hidden) with their biases.
TensorList cell_step(recurrent::Kind kind, const Tensor& of_input, const Tensor& of_state, const Tensor& h,
                     const Tensor& c);

}  // namespace deepseek
