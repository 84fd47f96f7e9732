// One step of a recurrent network.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

class RecurrentCell : public SizedLayer {
 public:
  // input [, h [, c]] -> h [, c]; states are zero unless given.
  TensorList forward_many(const TensorList& inputs) override;
  void build_from(std::string_view name, const Shape& shape) override;

 protected:
  void set_up(int64_t gates, int64_t hidden_size, bool bias, std::optional<int64_t>* input_size);
  void build(int64_t width) override;
  virtual TensorList step(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh,
                          const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) = 0;

 private:
  int64_t gates_ = 1, hidden_ = 0;
  bool bias_ = true;
  std::optional<int64_t>* input_size_ = nullptr;
};

struct CellOptions {
  int64_t hidden_size = 0;
  bool bias = true;
  std::optional<int64_t> input_size = {};
  static constexpr auto fields =
      std::tuple{field("hidden_size", &CellOptions::hidden_size, required), field("bias", &CellOptions::bias),
                 field("input_size", &CellOptions::input_size, keyword_only)};
};
struct RNNCellOptions {
  int64_t hidden_size = 0;
  bool bias = true;
  std::string nonlinearity = "tanh";
  std::optional<int64_t> input_size = {};
  static constexpr auto fields =
      std::tuple{field("hidden_size", &RNNCellOptions::hidden_size, required), field("bias", &RNNCellOptions::bias),
                 field("nonlinearity", &RNNCellOptions::nonlinearity),
                 field("input_size", &RNNCellOptions::input_size, keyword_only)};
};

#define DEEPSEEK_CELL_SHAPES                                                                                       \
  "Shapes: input (N, input_size) or (input_size,), states (N, hidden_size) or (hidden_size,), zero unless given; " \
  "weight_ih "                                                                                                     \
  "(gates * hidden_size, input_size), weight_hh (gates * hidden_size, hidden_size), bias_ih, bias_hh.\n\n"
#define DEEPSEEK_CELL_STEP                                                                           \
 protected:                                                                                          \
  TensorList step(const Tensor& input, const TensorList& hx, const Tensor& w_ih, const Tensor& w_hh, \
                  const std::optional<Tensor>& b_ih, const std::optional<Tensor>& b_hh) override

class RNNCell : public Layer<RNNCellOptions, RecurrentCell> {
 public:
  static constexpr const char* doc = "One step of an RNN: cell(input, h=None) -> h.\n\n" DEEPSEEK_CELL_SHAPES
                                     "Example:\n    >>> RNNCell(20)(deepseek.randn(3, 10)).shape\n    (3, 20)";
  explicit RNNCell(RNNCellOptions options);
  DEEPSEEK_CELL_STEP;
};
DEEPSEEK_LAYER(RNNCell);

class GRUCell : public Layer<CellOptions, RecurrentCell> {
 public:
  static constexpr const char* doc = "One step of a GRU: cell(input, h=None) -> h.\n\n" DEEPSEEK_CELL_SHAPES
                                     "Example:\n    >>> GRUCell(20)(deepseek.randn(3, 10)).shape\n    (3, 20)";
  explicit GRUCell(CellOptions options);
  DEEPSEEK_CELL_STEP;
};
DEEPSEEK_LAYER(GRUCell);

class LSTMCell : public Layer<CellOptions, RecurrentCell> {
 public:
  static constexpr const char* doc =
      "One step of an LSTM: cell(input, (h, c)=None) -> (h, c).\n\n" DEEPSEEK_CELL_SHAPES
      "Example:\n    >>> h, c = LSTMCell(20)(deepseek.randn(3, 10))\n    >>> h.shape\n    (3, 20)";
  explicit LSTMCell(CellOptions options);
  DEEPSEEK_CELL_STEP;
};
DEEPSEEK_LAYER(LSTMCell);

}  // namespace deepseek::nn
