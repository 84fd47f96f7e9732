#include "deepseek/ops/function.h"
#include "deepseek/ops/recurrent/stack.h"

namespace deepseek {

#define DEEPSEEK_RECURRENT_PARAMETERS                                                                                  \
  "`params` holds weight_ih (gates * hidden, features), weight_hh (gates * hidden, hidden) and, with `has_biases`, "   \
  "bias_ih and "                                                                                                       \
  "bias_hh for each layer and direction. An item of `lengths` steps is read from its own ends, and its outputs after " \
  "them are zero."

DEEPSEEK_FUNCTION(
    TensorList, lstm,
    (const Tensor& input, const TensorList& hx, const TensorList& params, bool has_biases, int64_t num_layers,
     double dropout, bool train, bool bidirectional, bool batch_first DEFAULT(false),
     std::optional<Tensor> lengths DEFAULT(std::nullopt)),
    "Long short-term memory over a sequence (steps, items, features), or (items, steps, features) with `batch_first`: "
    "the outputs of the last layer and the last h and c, (layers * directions, items, hidden).\n"
    "`hx` is (h, c) at the start; `params` as for gru, then weight_hr (out, hidden) where h is narrower than c.") {
  return recurrent_layers(
      {"lstm", recurrent::Kind::lstm, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths},
      input, hx, params);
}
DEEPSEEK_FACTS(
    lstm,
    .reference =
        "references.recurrent('lstm', input, hx, params, has_biases, num_layers, bidirectional, batch_first, lengths)",
    .good =
        {"randn(5, 2, 3), [randn(1, 2, 4), randn(1, 2, 4)], [randn(16, 3), randn(16, 4), randn(16), randn(16)], True, "
         "1, 0.0, False, False",
         "randn(2, 3, 2), [randn(2, 2, 3), randn(2, 2, 3)], [randn(12, 2), randn(12, 3), randn(12, 2), randn(12, 3)], "
         "False, 1, 0.0, "
         "True, True, True, numpy.array([3, 1])",
         "randn(4, 2), [randn(1, 2), randn(1, 3)], [randn(12, 2), randn(12, 2), randn(12), randn(12), randn(2, 3)], "
         "True, 1, 0.0, "
         "True, False",
         "randn(3, 2, 2), [randn(2, 2, 2), randn(2, 2, 2)], [randn(8, 2), randn(8, 2), randn(8, 2), randn(8, 2)], "
         "False, 2, 0.5, "
         "False, False, lengths=numpy.array([2, 0])",
         "randn(0, 2, 3), [randn(1, 2, 4), randn(1, 2, 4)], [randn(16, 3), randn(16, 4)], False, 1, 0.0, True, False"},
    .bad = {
        "randn(5, 2, 3), [randn(1, 2, 4)], [randn(16, 3), randn(16, 4)], False, 1, 0.0, False, False",
        "randn(5, 2, 3), [randn(1, 2, 4), randn(1, 2, 4)], [randn(16, 3), randn(16, 5)], False, 1, 0.0, False, False",
        "randn(5, 2, 3), [randn(1, 2, 4), randn(1, 2, 4)], [randn(16, 3)], False, 1, 0.0, False, False",
        "randn(5, 2, 3), [randn(1, 2, 4), randn(1, 2, 4)], [randn(16, 3), randn(16, 4)], False, 1, 0.0, False, False, "
        "False, "
        "numpy.array([5, 6])",
        "randn(5), [randn(4), randn(4)], [randn(16, 3), randn(16, 4)], False, 1, 0.0, False, False"});

DEEPSEEK_FUNCTION(
    TensorList, gru,
    (const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers,
     double dropout, bool train, bool bidirectional, bool batch_first DEFAULT(false),
     std::optional<Tensor> lengths DEFAULT(std::nullopt)),
    "Gated recurrent units over a sequence (steps, items, features), or (items, steps, features) with `batch_first`: "
    "the outputs of the last layer and the last states, (layers * directions, items, "
    "hidden).\n" DEEPSEEK_RECURRENT_PARAMETERS) {
  return recurrent_layers(
      {"gru", recurrent::Kind::gru, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths}, input,
      {hx}, params);
}
DEEPSEEK_FACTS(
    gru,
    .reference =
        "references.recurrent('gru', input, [hx], params, has_biases, num_layers, bidirectional, batch_first, lengths)",
    .good =
        {"randn(5, 2, 3), randn(1, 2, 4), [randn(12, 3), randn(12, 4), randn(12), randn(12)], True, 1, 0.0, False, "
         "False",
         "randn(2, 3, 2), randn(2, 2, 3), [randn(9, 2), randn(9, 3), randn(9, 2), randn(9, 3)], False, 1, 0.0, True, "
         "True, True, "
         "numpy.array([1, 3])",
         "randn(3, 2), randn(2, 3), [randn(9, 2), randn(9, 3), randn(9, 3), randn(9, 3)], False, 2, 0.0, True, False"},
    .bad = {"randn(5, 2, 3), randn(1, 3, 4), [randn(12, 3), randn(12, 4)], False, 1, 0.0, False, False",
            "ints(5, 2, 3), randn(1, 2, 4), [randn(12, 3), randn(12, 4)], False, 1, 0.0, False, False"});

DEEPSEEK_FUNCTION(TensorList, rnn_tanh,
                  (const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers,
                   double dropout, bool train, bool bidirectional, bool batch_first DEFAULT(false),
                   std::optional<Tensor> lengths DEFAULT(std::nullopt)),
                  "h = tanh(weight_ih x + weight_hh h) over a sequence; operands and results as for gru.") {
  return recurrent_layers(
      {"rnn_tanh", recurrent::Kind::tanh, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths},
      input, {hx}, params);
}
DEEPSEEK_FACTS(
    rnn_tanh,
    .reference =
        "references.recurrent('tanh', input, [hx], params, has_biases, num_layers, bidirectional, batch_first, "
        "lengths)",
    .good =
        {"randn(5, 2, 3), randn(1, 2, 4), [randn(4, 3), randn(4, 4), randn(4), randn(4)], True, 1, 0.0, False, False",
         "randn(2, 3, 2), randn(2, 2, 3), [randn(3, 2), randn(3, 3), randn(3, 2), randn(3, 3)], False, 1, 0.0, True, "
         "True, True, "
         "numpy.array([1, 3])"},
    .bad = {"randn(5, 2, 3), randn(1, 2, 4), [randn(4, 3), randn(4, 4)], True, 1, 0.0, False, False"});

DEEPSEEK_FUNCTION(TensorList, rnn_relu,
                  (const Tensor& input, const Tensor& hx, const TensorList& params, bool has_biases, int64_t num_layers,
                   double dropout, bool train, bool bidirectional, bool batch_first DEFAULT(false),
                   std::optional<Tensor> lengths DEFAULT(std::nullopt)),
                  "h = relu(weight_ih x + weight_hh h) over a sequence; operands and results as for gru.") {
  return recurrent_layers(
      {"rnn_relu", recurrent::Kind::relu, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths},
      input, {hx}, params);
}
DEEPSEEK_FACTS(
    rnn_relu,
    .reference =
        "references.recurrent('relu', input, [hx], params, has_biases, num_layers, bidirectional, batch_first, "
        "lengths)",
    .good =
        {"randn(4, 2, 3), rand(1, 2, 4), [randn(4, 3), randn(4, 4), randn(4), randn(4)], True, 1, 0.0, False, False",
         "randn(3, 2), rand(1, 3), [randn(3, 2), randn(3, 3)], False, 1, 0.0, True, False"},
    .bad = {"randn(5, 2, 3), randn(1, 2, 4), [randn(4, 3), randn(4, 4)], False, 0, 0.0, False, False"});

}  // namespace deepseek
