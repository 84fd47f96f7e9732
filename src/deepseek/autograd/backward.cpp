#include "deepseek/autograd/walk.h"

namespace deepseek::autograd {

void backward(const TensorList& outputs, const TensorList& gradients, bool retain_graph, bool create_graph,
              const TensorList& inputs) {
  Walk walk("backward", retain_graph || create_graph, create_graph);
  if (!inputs.empty()) walk.restrict_to(inputs);
  const TensorList captured = walk.run(outputs, gradients);
  for (size_t i = 0; i < captured.size(); ++i) {
    if (captured[i].defined()) accumulate(*inputs[i].impl(), captured[i], create_graph);
  }
}

TensorList grad(const TensorList& outputs, const TensorList& inputs, const TensorList& gradients,
                std::optional<bool> retain_graph, bool create_graph, bool allow_unused) {
  ensure(!inputs.empty(), "grad: no inputs are given");
  Walk walk("grad", retain_graph.value_or(create_graph), create_graph);
  walk.restrict_to(inputs);
  TensorList captured = walk.run(outputs, gradients);
  for (size_t i = 0; i < captured.size() && !allow_unused; ++i) {
    if (!captured[i].defined()) {
      raise_runtime("grad: input ", i, ", ", to_string(inputs[i].spec()),
                    ", has no part in the outputs; allow_unused=True gives None for it instead of this error");
    }
  }
  return captured;
}

void set_detect_anomaly(bool on) { anomaly_mode = on; }

}  // namespace deepseek::autograd
