#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/recurrent/recurrent.h"

namespace deepseek {
namespace {

using recurrent::Kind;

TensorList cell(std::string_view op, Kind kind, const Tensor& input, const TensorList& hx, const Tensor& w_ih,
                const Tensor& w_hh, const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) {
  const Tensor& h = hx[0];
  ensure(input.rank() == 1 || input.rank() == 2, op, ": input must be (items, features) or (features), but it is ",
         to_string(input.shape()));
  ensure(w_ih.rank() == 2 && w_hh.rank() == 2, op, ": weights must be (gates * hidden, features), but they are ",
         to_string(w_ih.shape()), " and ", to_string(w_hh.shape()));
  const int64_t hidden = w_hh.size(1), rows = recurrent::gates_of(kind) * hidden;
  const auto expect = [&](std::string_view name, const Tensor& t, const Shape& shape) {
    ensure(t.shape() == shape, op, ": ", name, " must be ", to_string(shape), ", but it is ", to_string(t.shape()));
  };
  expect("w_ih", w_ih, {rows, input.size(-1)}), expect("w_hh", w_hh, {rows, hidden});
  for (const Tensor& state : hx) expect("hx", state, input.rank() == 1 ? Shape{hidden} : Shape{input.size(0), hidden});
  if (b_ih) expect("b_ih", *b_ih, {rows});
  if (b_hh) expect("b_hh", *b_hh, {rows});
  return cell_step(kind, linear(input, w_ih, b_ih), linear(h, w_hh, b_hh), h, hx.size() > 1 ? hx[1] : Tensor());
}

}  // namespace

DEEPSEEK_FUNCTION(
    TensorList, lstm_cell,
    (const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh,
     std::optional<Tensor> b_ih DEFAULT(std::nullopt), std::optional<Tensor> b_hh DEFAULT(std::nullopt)),
    "One step of long short-term memory: the next (h, c) of `hx` = (h, c), for `input` (items, features).") {
  ensure(hx.size() == 2, "lstm_cell: hx must hold 2 tensors, but holds ", hx.size());
  return cell("lstm_cell", Kind::lstm, input, hx, w_ih, w_hh, b_ih, b_hh);
}
DEEPSEEK_FACTS(lstm_cell, .reference = "references.recurrent_cell('lstm', input, hx, w_ih, w_hh, b_ih, b_hh)",
               .good = {"randn(2, 3), [randn(2, 4), randn(2, 4)], randn(16, 3), randn(16, 4), randn(16), randn(16)",
                        "randn(3), [randn(2), randn(2)], randn(8, 3), randn(8, 2)"},
               .bad = {"randn(2, 3), [randn(2, 4)], randn(16, 3), randn(16, 4)",
                       "randn(2, 3), [randn(2, 4), randn(3, 4)], randn(16, 3), randn(16, 4)"});

DEEPSEEK_FUNCTION(Tensor, gru_cell,
                  (const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                   std::optional<Tensor> b_ih DEFAULT(std::nullopt), std::optional<Tensor> b_hh DEFAULT(std::nullopt)),
                  "One step of a gated recurrent unit: the next state of `hx`, for `input` (items, features).") {
  return cell("gru_cell", Kind::gru, input, {hx}, w_ih, w_hh, b_ih, b_hh)[0];
}
DEEPSEEK_FACTS(gru_cell, .reference = "references.recurrent_cell('gru', input, [hx], w_ih, w_hh, b_ih, b_hh)",
               .good = {"randn(2, 3), randn(2, 4), randn(12, 3), randn(12, 4), randn(12), randn(12)",
                        "randn(3), randn(2), randn(6, 3), randn(6, 2)"},
               .bad = {"randn(2, 3), randn(2, 4), randn(12, 3), randn(12, 5)",
                       "randn(2, 3), randn(2, 4), randn(12, 2), randn(12, 4)"});

DEEPSEEK_FUNCTION(Tensor, rnn_tanh_cell,
                  (const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                   std::optional<Tensor> b_ih DEFAULT(std::nullopt), std::optional<Tensor> b_hh DEFAULT(std::nullopt)),
                  "tanh(w_ih input + b_ih + w_hh hx + b_hh), for `input` (items, features).") {
  return cell("rnn_tanh_cell", Kind::tanh, input, {hx}, w_ih, w_hh, b_ih, b_hh)[0];
}
DEEPSEEK_FACTS(rnn_tanh_cell, .reference = "references.recurrent_cell('tanh', input, [hx], w_ih, w_hh, b_ih, b_hh)",
               .good = {"randn(2, 3), randn(2, 4), randn(4, 3), randn(4, 4), randn(4), randn(4)"},
               .bad = {"randn(2, 3, 1), randn(2, 4), randn(4, 3), randn(4, 4)"});

DEEPSEEK_FUNCTION(Tensor, rnn_relu_cell,
                  (const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                   std::optional<Tensor> b_ih DEFAULT(std::nullopt), std::optional<Tensor> b_hh DEFAULT(std::nullopt)),
                  "relu(w_ih input + b_ih + w_hh hx + b_hh), for `input` (items, features).") {
  return cell("rnn_relu_cell", Kind::relu, input, {hx}, w_ih, w_hh, b_ih, b_hh)[0];
}
DEEPSEEK_FACTS(rnn_relu_cell, .reference = "references.recurrent_cell('relu', input, [hx], w_ih, w_hh, b_ih, b_hh)",
               .good = {"randn(2, 3), randn(2, 4), randn(4, 3), randn(4, 4), randn(4), randn(4)"},
               .bad = {"randn(2, 3), randn(2, 4), randn(4, 3), randn(4, 4), randn(3), randn(4)"});

}  // namespace deepseek
