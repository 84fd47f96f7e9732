#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/recurrent/recurrent.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {

using recurrent::Kind;

TensorList cell_step(Kind kind, const Tensor& of_input, const Tensor& of_state, const Tensor& h, const Tensor& c) {
  const int64_t hidden = of_input.size(-1) / recurrent::gates_of(kind);
  const auto gate = [&](const Tensor& t, int64_t i) { return slice_of(t, t.rank() - 1, i * hidden, hidden); };
  if (kind == Kind::tanh) return {tanh(of_input + of_state)};
  if (kind == Kind::relu) return {relu(of_input + of_state)};
  if (kind == Kind::gru) {
    const auto both = [&](int64_t i) { return sigmoid(gate(of_input, i) + gate(of_state, i)); };
    const Tensor r = both(0), z = both(1), n = tanh(gate(of_input, 2) + r * gate(of_state, 2));
    return {n + z * (h - n)};
  }
  const Tensor sum = of_input + of_state;
  const Tensor cell = sigmoid(gate(sum, 1)) * c + sigmoid(gate(sum, 0)) * tanh(gate(sum, 2));
  return {sigmoid(gate(sum, 3)) * tanh(cell), cell};
}

TensorList recorded_steps(const recurrent::Options& o, const TensorList& in) {
  const recurrent::Inputs at(o);
  const auto get = [&](int i) { return i < 0 ? Tensor() : in[static_cast<size_t>(i)]; };
  const auto affine = [&](const Tensor& x, const Tensor& w, const Tensor& b) {
    const Tensor y = product(x, w, false, true);
    return b.defined() ? y + b : y;
  };
  const int time = o.batch_first ? 1 : 0;
  const Tensor x = affine(get(at.x), get(at.w_ih), get(at.b_ih)), lengths = get(at.lengths);
  Tensor h = get(at.h0), c = get(at.c0);
  const int64_t steps = x.size(time);
  TensorList ys(static_cast<size_t>(steps));
  for (int64_t k = 0; k < steps; ++k) {
    const int64_t t = o.reverse ? steps - 1 - k : k;
    TensorList next = cell_step(o.kind, select_of(x, time, t), affine(h, get(at.w_hh), get(at.b_hh)), h, c);
    if (o.projected) next[0] = product(next[0], get(at.w_hr), false, true);
    Tensor y = next[0];
    if (o.masked) {
      const Tensor active = reshape(lengths > Tensor(t), {lengths.numel(), 1});
      y = where(active, y, filled_like(y, 0));
      next[0] = where(active, next[0], h);
      if (c.defined()) next[1] = where(active, next[1], c);
    }
    h = next[0];
    if (c.defined()) c = next[1];
    ys[static_cast<size_t>(t)] = y;
  }
  Shape empty = x.shape();
  empty.back() = h.size(-1);
  TensorList out{steps > 0 ? stack(ys, time) : filled(empty, Tensor(scalar_value(0.0, x.dtype()))), h};
  if (c.defined()) out.push_back(c);
  return out;
}

}  // namespace deepseek
