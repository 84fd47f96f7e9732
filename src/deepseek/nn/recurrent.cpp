#include "deepseek/nn/recurrent.h"

#include <cmath>

#include "deepseek/nn/arguments.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {

void StackedRecurrent::set_up(const Setup& s) {
  setup_ = s;
  const std::string name = type_name();
  ensure(s.hidden_size >= 1, name, ": hidden_size must be at least 1, but is ", s.hidden_size);
  ensure(s.num_layers >= 1, name, ": num_layers must be at least 1, but is ", s.num_layers);
  ensure(s.dropout >= 0 && s.dropout <= 1, name, ": dropout must be in [0, 1], but is ", s.dropout);
  ensure(s.proj_size >= 0 && s.proj_size < s.hidden_size, name, ": proj_size must be in [0, hidden_size), but is ",
         s.proj_size);
  for (const std::string& parameter : names()) register_parameter(parameter, Tensor());
  if (*s.input_size) set_width(**s.input_size);
}

std::vector<std::string> StackedRecurrent::names() const {
  std::vector<std::string> out;
  for (int64_t layer = 0; layer < setup_.num_layers; ++layer) {
    for (int direction = 0; direction < (setup_.bidirectional ? 2 : 1); ++direction) {
      const std::string suffix = concat("_l", layer, direction ? "_reverse" : "");
      out.push_back("weight_ih" + suffix), out.push_back("weight_hh" + suffix);
      if (setup_.bias) out.push_back("bias_ih" + suffix), out.push_back("bias_hh" + suffix);
      if (setup_.proj_size > 0) out.push_back("weight_hr" + suffix);
    }
  }
  return out;
}

void StackedRecurrent::build(int64_t width) {
  const Setup& s = setup_;
  ensure(width >= 1, type_name(), ": the input must have at least one feature");
  const double bound = 1 / std::sqrt(static_cast<double>(s.hidden_size));
  const int64_t rows = s.gates * s.hidden_size, out = s.proj_size > 0 ? s.proj_size : s.hidden_size;
  for (const std::string& name : names()) {
    const std::string_view kind = std::string_view(name).substr(0, 9);
    const bool lowest = name.compare(9, 3, "_l0") == 0 && (name.size() == 12 || name[12] == '_');
    const Shape shape = kind == "weight_ih"   ? Shape{rows, lowest ? width : out * (s.bidirectional ? 2 : 1)}
                        : kind == "weight_hh" ? Shape{rows, out}
                        : kind == "weight_hr" ? Shape{out, s.hidden_size}
                                              : Shape{rows};
    set_parameter(name, make_parameter(init::uniform(shape, -bound, bound)));
  }
  *s.input_size = width;
}

void StackedRecurrent::build_from(std::string_view name, const Shape& shape) {
  if (name == "weight_ih_l0" && shape.size() == 2 && shape[1] >= 1) set_width(shape[1]);
}

TensorList StackedRecurrent::forward_many(const TensorList& inputs) {
  return forward_named(inputs, {});
}

TensorList StackedRecurrent::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const bool cell = setup_.gates == 4;
  const Arguments a = cell ? Arguments(*this, {"input", "h_0", "c_0", "lengths"}, 1, {}, inputs, named)
                           : Arguments(*this, {"input", "h_0", "lengths"}, 1, {}, inputs, named);
  TensorList hx;
  for (size_t i = 1; i < (cell ? 3u : 2u); ++i) {
    if (a.tensor(i)) hx.push_back(a[i]);
  }
  ensure(!cell || hx.size() != 1, type_name(), ": give both h_0 and c_0, or none");
  return run(a[0], hx, a.tensor(cell ? 3 : 2));
}

TensorList StackedRecurrent::run(const Tensor& input, TensorList hx, const std::optional<Tensor>& lengths) {
  const Setup& s = setup_;
  ensure(input.rank() == 2 || input.rank() == 3, type_name(), ": the input must be ",
         s.batch_first ? "(N, L, input_size)" : "(L, N, input_size)", " or (L, input_size), but is ",
         to_string(input.shape()));
  learn(input, -1, "features");
  if (hx.empty()) {
    const auto zeros_of = [&](int64_t width) {
      Shape shape{s.num_layers * (s.bidirectional ? 2 : 1), width};
      if (input.rank() == 3) shape.insert(1, input.size(s.batch_first ? 0 : 1));
      return filled(shape, Tensor(scalar_value(0.0, input.dtype())));
    };
    hx.push_back(zeros_of(s.proj_size > 0 ? s.proj_size : s.hidden_size));
    if (s.gates == 4) hx.push_back(zeros_of(s.hidden_size));
  }
  TensorList params;
  for (const std::string& name : names()) params.push_back(parameter(name));
  const bool train = training && !modes.shape_only;
  const std::string_view op = s.function;
  if (s.gates == 4)
    return lstm(input, hx, params, s.bias, s.num_layers, s.dropout, train, s.bidirectional, s.batch_first, lengths);
  const auto call = op == "gru" ? gru : op == "rnn_tanh" ? rnn_tanh : rnn_relu;
  return call(input, hx[0], params, s.bias, s.num_layers, s.dropout, train, s.bidirectional, s.batch_first, lengths);
}

RNN::RNN(RNNOptions o) : Layer(std::move(o)) {
  ensure(config.nonlinearity == "tanh" || config.nonlinearity == "relu",
         "RNN: nonlinearity must be 'tanh' or 'relu', but is '", config.nonlinearity, "'");
  set_up(setup_of(config.nonlinearity == "tanh" ? "rnn_tanh" : "rnn_relu", 1, config));
}

GRU::GRU(GRUOptions o) : Layer(std::move(o)) {
  set_up(setup_of("gru", 3, config));
}

LSTM::LSTM(LSTMOptions o) : Layer(std::move(o)) {
  set_up(setup_of("lstm", 4, config, config.proj_size));
}

}  // namespace deepseek::nn
