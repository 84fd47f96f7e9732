// How much memory a step takes, without running it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace deepseek::memory {

// Bytes that are alive when a plan needs most.
struct Holding {
  std::string what;   // the step that wrote them, e.g. "conv2d +relu"
  std::string layer;  // path of the layer that recorded it; empty outside all layers
  int64_t bytes = 0;
};

struct Prediction {
  int64_t peak = 0;   // most bytes in use beyond those in use before
  int64_t kept = 0;   // bytes still in use afterwards, such as the state of an optimiser
  int64_t arena = 0;  // temporaries of the largest evaluation: activations, gradients, workspaces
  std::vector<Holding> holdings;  // of that evaluation at its peak, largest first
};

// Calls `step` twice, since the first call of a training step may create the optimiser's state, and reports on the second. It is
// planned as it would be, but nothing is computed, and in-place writes, gradients, optimisers and random state are as before
// afterwards. Numbers that the step reads are zero. Layers that have no parameters yet create them for good.
Prediction predict(const std::function<void()>& step);

}  // namespace deepseek::memory
