#include "deepseek/nn/recurrent_cell.h"

#include <cmath>

#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {

void RecurrentCell::set_up(int64_t gates, int64_t hidden_size, bool bias, std::optional<int64_t>* input_size) {
  ensure(hidden_size >= 1, type_name(), ": hidden_size must be at least 1, but is ", hidden_size);
  gates_ = gates, hidden_ = hidden_size, bias_ = bias, input_size_ = input_size;
  for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) register_parameter(name, Tensor());
  if (*input_size) set_width(**input_size);
}

void RecurrentCell::build(int64_t width) {
  ensure(width >= 1, type_name(), ": the input must have at least one feature");
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_));
  const int64_t rows = gates_ * hidden_;
  const auto drawn = [&](const Shape& shape) { return make_parameter(init::uniform(shape, -bound, bound)); };
  set_parameter("weight_ih", drawn({rows, width}));
  set_parameter("weight_hh", drawn({rows, hidden_}));
  if (bias_) set_parameter("bias_ih", drawn({rows})), set_parameter("bias_hh", drawn({rows}));
  *input_size_ = width;
}

void RecurrentCell::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight_ih" && shape.size() == 2 && shape[1] >= 1) set_width(shape[1]);
}

TensorList RecurrentCell::forward_many(const TensorList& inputs) {
  const size_t states = gates_ == 4 ? 2 : 1;
  if (inputs.size() != 1 && inputs.size() != 1 + states)
    raise_type(type_name(), ": forward takes an input and ", states == 1 ? "h" : "(h, c)", ", but ", inputs.size(),
               " tensors are given");
  const Tensor& input = inputs[0];
  ensure(input.rank() == 1 || input.rank() == 2, type_name(),
         ": the input must be (N, input_size) or (input_size,), but is ", to_string(input.shape()));
  learn(input, -1, "features");
  TensorList hx(inputs.begin() + 1, inputs.end());
  while (hx.size() < states) {
    hx.push_back(filled(input.rank() == 1 ? Shape{hidden_} : Shape{input.size(0), hidden_},
                        Tensor(scalar_value(0.0, input.dtype()))));
  }
  const auto given = [&](const char* name) { return bias_ ? std::optional(parameter(name)) : std::nullopt; };
  return step(input, hx, parameter("weight_ih"), parameter("weight_hh"), given("bias_ih"), given("bias_hh"));
}

RNNCell::RNNCell(RNNCellOptions o) : Layer(std::move(o)) {
  ensure(config.nonlinearity == "tanh" || config.nonlinearity == "relu",
         "RNNCell: nonlinearity must be 'tanh' or 'relu', but is '", config.nonlinearity, "'");
  set_up(1, config.hidden_size, config.bias, &config.input_size);
}
TensorList RNNCell::step(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh,
                         const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) {
  return {(config.nonlinearity == "tanh" ? rnn_tanh_cell : rnn_relu_cell)(input, hx[0], w_ih, w_hh, b_ih, b_hh)};
}

GRUCell::GRUCell(CellOptions o) : Layer(std::move(o)) {
  set_up(3, config.hidden_size, config.bias, &config.input_size);
}
TensorList GRUCell::step(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh,
                         const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) {
  return {gru_cell(input, hx[0], w_ih, w_hh, b_ih, b_hh)};
}

LSTMCell::LSTMCell(CellOptions o) : Layer(std::move(o)) {
  set_up(4, config.hidden_size, config.bias, &config.input_size);
}
TensorList LSTMCell::step(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh,
                          const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) {
  return lstm_cell(input, hx, w_ih, w_hh, b_ih, b_hh);
}

}  // namespace deepseek::nn
