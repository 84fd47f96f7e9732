// Recurrent networks over whole sequences.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

// What the three have in common: parameters for every layer and direction under torch's names.
class StackedRecurrent : public SizedLayer {
 public:
  // input [, h_0 [, c_0]] -> output, h_n [, c_n]; by name also `lengths`, the number of steps of each item.
  TensorList forward_many(const TensorList& inputs) override;
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  struct Setup {
    const char* function;  // the name of the op
    int64_t gates, hidden_size, num_layers;
    bool bias, batch_first;
    double dropout;
    bool bidirectional;
    int64_t proj_size;
    std::optional<int64_t>* input_size;
  };
  template <class Options>
  static Setup setup_of(const char* function, int64_t gates, Options& o, int64_t proj_size = 0) {
    return {function, gates, o.hidden_size, o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional, proj_size, &o.input_size};
  }
  void set_up(const Setup& setup);
  void build(int64_t width) override;

 private:
  TensorList run(const Tensor& input, TensorList hx, const std::optional<Tensor>& lengths);
  std::vector<std::string> names() const;
  Setup setup_{};
};

struct RNNOptions {
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::optional<int64_t> input_size = {};
  static constexpr auto fields = std::tuple{field("hidden_size", &RNNOptions::hidden_size, required),
                                            field("num_layers", &RNNOptions::num_layers),
                                            field("nonlinearity", &RNNOptions::nonlinearity),
                                            field("bias", &RNNOptions::bias),
                                            field("batch_first", &RNNOptions::batch_first),
                                            field("dropout", &RNNOptions::dropout),
                                            field("bidirectional", &RNNOptions::bidirectional),
                                            field("input_size", &RNNOptions::input_size, keyword_only)};
};

struct GRUOptions {
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::optional<int64_t> input_size = {};
  static constexpr auto fields = std::tuple{field("hidden_size", &GRUOptions::hidden_size, required),
                                            field("num_layers", &GRUOptions::num_layers),
                                            field("bias", &GRUOptions::bias),
                                            field("batch_first", &GRUOptions::batch_first),
                                            field("dropout", &GRUOptions::dropout),
                                            field("bidirectional", &GRUOptions::bidirectional),
                                            field("input_size", &GRUOptions::input_size, keyword_only)};
};

struct LSTMOptions {
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  int64_t proj_size = 0;
  std::optional<int64_t> input_size = {};
  static constexpr auto fields = std::tuple{field("hidden_size", &LSTMOptions::hidden_size, required),
                                            field("num_layers", &LSTMOptions::num_layers),
                                            field("bias", &LSTMOptions::bias),
                                            field("batch_first", &LSTMOptions::batch_first),
                                            field("dropout", &LSTMOptions::dropout),
                                            field("bidirectional", &LSTMOptions::bidirectional),
                                            field("proj_size", &LSTMOptions::proj_size),
                                            field("input_size", &LSTMOptions::input_size, keyword_only)};
};

#define DEEPSEEK_RECURRENT_SHAPES                                                                                      \
  "Shapes: input (L, N, input_size), (N, L, input_size) with `batch_first`, or (L, input_size); output the same with " \
  "hidden_size, "                                                                                                      \
  "twice that with `bidirectional`; states (num_layers * directions, N, hidden_size), zero unless given. Parameters: " \
  "weight_ih_l0, "                                                                                                     \
  "weight_hh_l0, bias_ih_l0, bias_hh_l0, then those of l0_reverse, l1 and so on; `lengths=` says how many steps each " \
  "item has. A "                                                                                                       \
  "PackedSequence gives a PackedSequence.\n\n"

class RNN : public Layer<RNNOptions, StackedRecurrent> {
 public:
  static constexpr const char* doc =
      "h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh), or relu: rnn(input, h_0=None) -> (output, "
      "h_n).\n\n" DEEPSEEK_RECURRENT_SHAPES
      "Example:\n    >>> y, h = RNN(20, num_layers=2)(deepseek.randn(5, 3, 10))\n    >>> y.shape, h.shape\n    ((5, 3, "
      "20), (2, 3, 20))";
  explicit RNN(RNNOptions options);
};
DEEPSEEK_LAYER(RNN);

class GRU : public Layer<GRUOptions, StackedRecurrent> {
 public:
  static constexpr const char* doc =
      "Gated recurrent units (Cho et al., 2014): gru(input, h_0=None) -> (output, h_n). Gates in the order r, z, "
      "n.\n\n" DEEPSEEK_RECURRENT_SHAPES
      "Example:\n    >>> y, h = GRU(20, bidirectional=True)(deepseek.randn(5, 3, 10))\n    >>> y.shape, h.shape\n    "
      "((5, 3, 40), (2, 3, 20))";
  explicit GRU(GRUOptions options);
};
DEEPSEEK_LAYER(GRU);

class LSTM : public Layer<LSTMOptions, StackedRecurrent> {
 public:
  static constexpr const char* doc =
      "Long short-term memory (Hochreiter and Schmidhuber, 1997): lstm(input, (h_0, c_0)=None) -> (output, (h_n, "
      "c_n)). Gates in the "
      "order i, f, g, o; with `proj_size` the outputs and h are multiplied by weight_hr.\n\n" DEEPSEEK_RECURRENT_SHAPES
      "Example:\n    >>> y, (h, c) = LSTM(20, batch_first=True)(deepseek.randn(3, 5, 10))\n    >>> y.shape, c.shape\n  "
      "  ((3, 5, 20), (1, 3, 20))";
  explicit LSTM(LSTMOptions options);
};
DEEPSEEK_LAYER(LSTM);

}  // namespace deepseek::nn
