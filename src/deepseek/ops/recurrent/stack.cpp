#include "deepseek/ops/recurrent/stack.h"

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/norm/wide.h"
#include "deepseek/ops/recurrent/recurrent.h"
#include "deepseek/ops/view/window.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {
namespace {

using recurrent::Kind;

void expect(std::string_view op, std::string_view name, const Tensor& t, const Shape& shape) {
  ensure(t.shape() == shape, op, ": ", name, " must be ", to_string(shape), ", but it is ", to_string(t.shape()));
}

// One layer's parameters in torch's order, and the sizes that they must have.
struct Sizes {
  int64_t gates, hidden, out, items;
};

class Stack {
 public:
  Stack(const RecurrentCall& call, const Tensor& input, const TensorList& hx, const TensorList& params)
      : call_(call), directions_(call.bidirectional ? 2 : 1) {
    const size_t states = call.kind == Kind::lstm ? 2 : 1;
    ensure(input.rank() == 2 || input.rank() == 3, call.op,
           ": input must be (steps, items, features), or (steps, features), but it is ", to_string(input.shape()));
    ensure(hx.size() == states, call.op, ": hx must hold ", states, states == 1 ? " tensor" : " tensors",
           ", but holds ", hx.size());
    ensure(call.num_layers >= 1, call.op, ": num_layers must be at least 1, but is ", call.num_layers);
    ensure(call.dropout >= 0 && call.dropout <= 1, call.op, ": dropout must be in [0, 1], but is ", call.dropout);
    if (!is_floating_point(input.dtype()))
      raise_type(call.op, ": input must be floating point, but it is ", name_of(input.dtype()));
    single_ = input.rank() == 2;
    result_type_ = autocast_on() && autocast_takes(input.dtype()) ? DType::float32 : input.dtype();
    input_ = ready(input, "input");
    if (single_) input_ = unsqueeze(input_, call.batch_first ? 0 : 1);
    for (const Tensor& h : hx) {
      ensure(h.rank() == input.rank(), call.op, ": hx must have as many dims as input ", to_string(input.shape()),
             ", but is ", to_string(h.shape()));
      hx_.push_back(single_ ? unsqueeze(ready(h, "hx"), 1) : ready(h, "hx"));
    }
    for (const Tensor& p : params) params_.push_back(ready(p, "params"));
    projected_ = states == 2 && hx_[0].size(2) != hx_[1].size(2);
    each_ = 2 + (call.has_biases ? 2 : 0) + (projected_ ? 1 : 0);
    const int64_t wanted = call.num_layers * directions_ * each_;
    ensure(static_cast<int64_t>(params.size()) == wanted, call.op, ": params must hold ", wanted, " tensors, ", each_,
           " for each layer and direction, but holds ", params.size());
    const int64_t items = input_.size(call.batch_first ? 0 : 1), rows = call.num_layers * directions_;
    for (const Tensor& h : hx_) expect(call.op, "hx", h, {rows, items, h.size(2)});
    sizes_ = {recurrent::gates_of(call.kind), hx_.back().size(2), hx_[0].size(2), items};
    if (call.lengths) {
      expect(call.op, "lengths", *call.lengths, {items});
      if (call.lengths->dtype() == DType::bool_ || is_floating_point(call.lengths->dtype()))
        raise_type(call.op, ": lengths must be whole numbers, but are ", name_of(call.lengths->dtype()));
      lengths_ = cast(*call.lengths, DType::int64);
    }
  }

  TensorList run() {
    TensorList hs, cs;
    Tensor x = input_;
    for (int64_t layer = 0; layer < call_.num_layers; ++layer) {
      if (layer > 0 && call_.dropout > 0 && call_.train) x = dropout(x, call_.dropout, true);
      TensorList ys;
      for (int64_t d = 0; d < directions_; ++d) {
        const TensorList out = direction(x, layer * directions_ + d, d == 1);
        ys.push_back(out[0]), hs.push_back(out[1]);
        if (call_.kind == Kind::lstm) cs.push_back(out[2]);
      }
      x = directions_ == 1 ? ys[0] : cat(ys, 2);
    }
    TensorList out{single_ ? squeeze(x, {call_.batch_first ? 0 : 1}) : x, state(hs)};
    if (!cs.empty()) out.push_back(state(cs));
    for (Tensor& t : out) t = cast(t, result_type_);
    return out;
  }

 private:
  Tensor ready(const Tensor& t, std::string_view name) const {
    const Tensor full = autocast_full(t);
    if (full.dtype() != result_type_)
      raise_type(call_.op, ": input is ", name_of(result_type_), " and ", name, " is ", name_of(full.dtype()),
                 "; convert one of them with to()");
    return wide(full);
  }
  Tensor state(const TensorList& parts) const {
    const Tensor all = stack(parts, 0);
    return single_ ? squeeze(all, {1}) : all;
  }

  TensorList direction(const Tensor& x, int64_t at, bool reverse) {
    const auto param = [&](int64_t i) { return params_[static_cast<size_t>(at * each_ + i)]; };
    const int64_t rows = sizes_.gates * sizes_.hidden;
    const auto checked = [&](int64_t i, const char* name, const Shape& shape) {
      expect(call_.op, name, param(i), shape);
      return param(i);
    };
    Recurrent op;
    op.cell = call_.kind, op.reverse = reverse, op.batch_first = call_.batch_first, op.bias = call_.has_biases;
    op.projected = projected_, op.masked = lengths_.defined();
    TensorList in{x, select_of(hx_[0], 0, at), checked(0, "weight_ih", {rows, x.size(2)}),
                  checked(1, "weight_hh", {rows, sizes_.out})};
    if (call_.kind == Kind::lstm) in.push_back(select_of(hx_[1], 0, at));
    if (op.bias) in.push_back(checked(2, "bias_ih", {rows})), in.push_back(checked(3, "bias_hh", {rows}));
    if (projected_) in.push_back(checked(each_ - 1, "weight_hr", {sizes_.out, sizes_.hidden}));
    for (const Tensor& t : in) op.keep |= modes.grad && t.requires_grad();
    if (op.masked) in.push_back(lengths_);
    return apply_many(op, in);
  }

  const RecurrentCall& call_;
  int64_t directions_, each_ = 0;
  bool single_ = false, projected_ = false;
  DType result_type_ = DType::float32;
  Tensor input_, lengths_;
  TensorList hx_, params_;
  Sizes sizes_{};
};

}  // namespace

TensorList recurrent_layers(const RecurrentCall& call, const Tensor& input, const TensorList& hx,
                            const TensorList& params) {
  return Stack(call, input, hx, params).run();
}

}  // namespace deepseek
