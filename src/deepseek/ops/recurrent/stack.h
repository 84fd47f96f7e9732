// Layers of one direction or two on top of each other.
#pragma once
#include "deepseek/backends/cpu/recurrent/recurrent.h"
#include "deepseek/ops/types.h"

namespace deepseek {

struct RecurrentCall {
  std::string_view op;
  recurrent::Kind kind;
  bool has_biases;
  int64_t num_layers;
  double dropout;
  bool train, bidirectional, batch_first;
  const std::optional<Tensor>& lengths;
};

// The output of the last layer, then the last states of all, (layers * directions, items, width) each.
TensorList recurrent_layers(const RecurrentCall& call, const Tensor& input, const TensorList& hx,
                            const TensorList& params);

}  // namespace deepseek
