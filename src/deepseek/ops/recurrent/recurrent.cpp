#include "deepseek/ops/recurrent/recurrent.h"

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/norm/wide.h"
#include "deepseek/ops/view/window.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {

using namespace recurrent;

namespace {

template <class List>
const auto& get(const List& list, int i) {
  return list[static_cast<size_t>(i)];
}

int differentiable_inputs(const Options& o) {
  return Inputs(o).count - (o.masked ? 1 : 0);
}

// The state before each step: h0, then y one step later.
Tensor states_before(const Options& o, const Tensor& y, const Tensor& h0, const Tensor& lengths) {
  const int time = o.batch_first ? 1 : 0;
  const int64_t steps = y.size(time);
  const Tensor first = unsqueeze(h0, time);
  if (!o.reverse) return cat({first, slice_of(y, time, 0, steps - 1)}, time);
  const Tensor shifted = cat({slice_of(y, time, 1, steps - 1), first}, time);
  if (!o.masked) return shifted;
  const int64_t items = lengths.numel();
  const Tensor last = reshape(lengths, o.batch_first ? Shape{items, 1, 1} : Shape{1, items, 1}) - Tensor(int64_t{1});
  const Tensor t = o.batch_first ? iota({1, steps, 1}, {0, 1, 0}) : iota({steps, 1, 1}, {1, 0, 0});
  return where(t == last, first, shifted);
}

}  // namespace

void Recurrent::infer(Specs in, std::vector<Spec>& out) const {
  const Options o = options();
  const Sizes s(o, in[0]->shape, in[2]->shape, in[3]->shape);
  const DType type = in[0]->dtype;
  const auto sequence = [&](int64_t width) {
    return batch_first ? Shape{s.items, s.steps, width} : Shape{s.steps, s.items, width};
  };
  out.resize(static_cast<size_t>(Outputs(o).count));
  const Outputs at(o);
  const auto set = [&](int i, Shape shape) {
    if (i >= 0) out[static_cast<size_t>(i)] = {type, std::move(shape)};
  };
  set(at.y, sequence(s.out)), set(at.h, {s.items, s.out}), set(at.c, {s.items, s.hidden});
  set(at.gates, sequence(kept_of(cell) * s.hidden)), set(at.cells, sequence(s.hidden));
}

void Recurrent::gradient(Grad& g) const {
  const Options o = options();
  const Outputs results(o);
  const BackInputs at(o);
  TensorList in(static_cast<size_t>(at.count));
  const auto set = [&](int i, const Tensor& t) {
    if (i >= 0) in[static_cast<size_t>(i)] = t;
  };
  for (int i = 0; i < g.inputs(); ++i) set(i, g.input(i));
  set(at.y, g.output(results.y));
  if (at.gates >= 0) set(at.gates, g.output(results.gates));
  if (at.cells >= 0) set(at.cells, g.output(results.cells));
  set(at.dy, g.grad(results.y)), set(at.dh, g.grad(results.h));
  if (at.dc >= 0) set(at.dc, g.grad(results.c));
  RecurrentGradient back;
  static_cast<RecurrentBase&>(back) = *this;
  const TensorList out = apply_many(back, in);
  for (int i = 0; i < differentiable_inputs(o); ++i) {
    if (g.needs(i)) g.set(i, get(out, i));
  }
}

void RecurrentBackward::infer(Specs in, std::vector<Spec>& out) const {
  const Options o = options();
  const Sizes s(o, in[0]->shape, in[2]->shape, in[3]->shape);
  const BackOutputs at(o);
  out.assign(static_cast<size_t>(at.count), *in[0]);
  const auto sequence = [&](int64_t width) {
    return batch_first ? Shape{s.items, s.steps, width} : Shape{s.steps, s.items, width};
  };
  const auto set = [&](int i, Shape shape) {
    if (i >= 0) out[static_cast<size_t>(i)].shape = std::move(shape);
  };
  const Shape gates = sequence(gates_of(cell) * s.hidden);
  set(at.dx, gates), set(at.dstate, gates), set(at.dh0, {s.items, s.out}), set(at.dc0, {s.items, s.hidden});
  set(at.dprojected, sequence(s.out));
}

void RecurrentGradient::infer(Specs in, std::vector<Spec>& out) const {
  for (int i = 0; i < differentiable_inputs(options()); ++i) out.push_back(*in[static_cast<size_t>(i)]);
}

void RecurrentGradient::expand(const TensorList& in, TensorList& out) const {
  const Options o = options();
  const BackInputs at(o);
  const BackOutputs results(o);
  RecurrentBackward back;
  static_cast<RecurrentBase&>(back) = *this;
  const TensorList found = apply_many(back, in);
  const auto rows = [](const Tensor& t) { return reshape(t, {t.size(0) * t.size(1), t.size(2)}); };
  Tensor x = get(in, at.x);
  const Tensor lengths = o.masked ? get(in, at.lengths) : Tensor(), y = get(in, at.y);
  if (o.masked) {  // what lies behind an item's end may be NaN, which no zero gradient takes away
    const int64_t steps = x.size(o.batch_first ? 1 : 0), items = lengths.numel();
    const Tensor ends = reshape(lengths, o.batch_first ? Shape{items, 1, 1} : Shape{1, items, 1});
    x = where((o.batch_first ? iota({1, steps, 1}, {0, 1, 0}) : iota({steps, 1, 1}, {1, 0, 0})) < ends, x,
              filled_like(x, 0));
  }
  const Tensor dx = rows(get(found, results.dx)), dstate = rows(get(found, results.dstate));
  out.resize(static_cast<size_t>(differentiable_inputs(o)));
  const auto set = [&](int i, Tensor t) { out[static_cast<size_t>(i)] = std::move(t); };
  set(at.x, reshape(product(dx, get(in, at.w_ih)), x.shape()));
  set(at.h0, get(found, results.dh0));
  set(at.w_ih, product(dx, rows(x), true));
  const bool no_steps = dx.size(0) == 0;
  set(at.w_hh, no_steps ? filled_like(get(in, at.w_hh), 0)
                        : product(dstate, rows(states_before(o, y, get(in, at.h0), lengths)), true));
  if (at.c0 >= 0) set(at.c0, get(found, results.dc0));
  if (o.bias) set(at.b_ih, sum_over(dx, {0}, false)), set(at.b_hh, sum_over(dstate, {0}, false));
  if (o.projected) {
    const Tensor cells = get(in, at.cells), gates = get(in, at.gates);
    const Tensor open = slice_of(gates, 2, 3 * cells.size(2), cells.size(2));
    set(at.w_hr, product(rows(get(found, results.dprojected)), rows(open * tanh(cells)), true));
  }
}

// The steps are recorded and differentiated twice: rare, so that no kernel is kept for it.
void RecurrentGradient::gradient(Grad& g) const {
  const Options o = options();
  const BackInputs at(o);
  const int wanted = differentiable_inputs(o);
  const bool further = modes.grad;
  const EnableGradGuard recording;
  // Leaves of their own keep the walks inside apart from the graph outside, unless that is to be differentiated again.
  const auto operand = [&](int i) {
    Tensor t = g.input(i);
    return further && t.requires_grad() ? t : t.detach().set_requires_grad();
  };
  TensorList in, seeds;
  for (int i = 0; i < Inputs(o).count; ++i) in.push_back(i < wanted ? operand(i) : g.input(i));
  for (const int i : {at.dy, at.dh, at.dc}) {
    if (i >= 0) seeds.push_back(operand(i));
  }
  const TensorList points(in.begin(), in.begin() + wanted);
  TensorList results, given;
  const TensorList recorded = recorded_steps(o, in);
  for (size_t i = 0; i < recorded.size(); ++i) {  // without steps the outputs are constants
    if (recorded[i].requires_grad()) results.push_back(recorded[i]), given.push_back(seeds[i]);
  }
  const TensorList firsts = autograd::grad(results, points, given, true, true, true);
  TensorList used, cotangents, targets = points;
  for (int i = 0; i < wanted; ++i) {
    if (!g.has_grad(i) || !get(firsts, i).defined() || !get(firsts, i).requires_grad()) continue;
    used.push_back(get(firsts, i)), cotangents.push_back(g.grad(i));
  }
  if (used.empty()) return;
  targets.insert(targets.end(), seeds.begin(), seeds.end());
  const TensorList seconds = autograd::grad(used, targets, cotangents, further, further, true);
  for (int i = 0; i < wanted; ++i) g.set(i, get(seconds, i));
  int seed = wanted;
  for (const int i : {at.dy, at.dh, at.dc}) {
    if (i >= 0) g.set(i, get(seconds, seed++));
  }
}

}  // namespace deepseek
