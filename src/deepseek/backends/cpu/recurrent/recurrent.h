// One direction of one recurrent layer over a whole sequence.
//
// The products with the inputs of all steps are one matrix product; each step then multiplies the state with packed
// weights, a panel of units at a time, and applies the cell to the tile while it is in the first-level cache.
#pragma once
#include "deepseek/ops/kernel_op.h"

namespace deepseek::recurrent {

enum class Kind : uint8_t { tanh, relu, lstm, gru };

constexpr int64_t gates_of(Kind kind) {
  return kind == Kind::lstm ? 4 : kind == Kind::gru ? 3 : 1;
}
// What a step leaves for the way back, in units of the hidden size: its gates, and the gru's share of the state in the
// candidate.
constexpr int64_t kept_of(Kind kind) {
  return kind == Kind::lstm || kind == Kind::gru ? 4 : 0;
}

struct Options {
  Kind kind = Kind::tanh;
  bool reverse = false;      // from the last step to the first
  bool batch_first = false;  // sequences are (items, steps, width) instead of (steps, items, width)
  bool keep = false;         // leave what the way back needs
  bool bias = false;
  bool projected = false;  // the lstm's output is multiplied by w_hr
  bool masked = false;     // items have lengths of their own; outputs after their end are zero
};

// Positions of the operands; those that a layer does not have are -1.
struct Inputs {
  int x = 0, h0 = 1, w_ih = 2, w_hh = 3, c0 = -1, b_ih = -1, b_hh = -1, w_hr = -1, lengths = -1, count = 4;
  explicit Inputs(const Options&);
};
struct Outputs {
  int y = 0, h = 1, c = -1, gates = -1, cells = -1, count = 2;
  explicit Outputs(const Options&);
};
// The way back reads the inputs and y, gates, cells and the gradients of y, h and c.
struct BackInputs : Inputs {
  int y, gates = -1, cells = -1, dy, dh, dc = -1;
  explicit BackInputs(const Options&);
};
// Gradients of the products with the inputs and with the state (the same but for the gru), of the first state, and of
// the projected output.
struct BackOutputs {
  int dx = 0, dh0 = 1, dc0 = -1, dstate = 0, dprojected = -1, count = 2;
  explicit BackOutputs(const Options&);
};

struct Sizes {
  int64_t steps = 0, items = 0, features = 0, hidden = 0, out = 0;
  Sizes(const Options&, const Shape& x, const Shape& w_ih, const Shape& w_hh);
};

// Row-major operands of float32 or float64.
KernelFn make_forward(const Options&, KernelContext&);
KernelFn make_backward(const Options&, KernelContext&);

}  // namespace deepseek::recurrent
