// What the scheduler works on: the pending nodes with composites expanded, as values with numbers.
#pragma once
#include <map>
#include <vector>

#include "deepseek/backends/cpu/fused/register_type.h"
#include "deepseek/graph/tensor.h"
#include "deepseek/ops/op.h"
#include "deepseek/scheduler/walk.h"

namespace deepseek::scheduler {

using fused::register_type;

enum class IrKind : uint8_t {
  leaf,      // `slot`: position among the walk's leaves
  data,      // `buffer`: bytes that an expansion brought along
  scalar,    // `slot`: position among the walk's scalars
  constant,  // `bits`: a number fixed by the structure
  iota,
  pointwise,
  cast,
  reduce,
  view,
  kernel
};

struct IrNode {
  IrKind kind;
  const Op* op = nullptr;
  const void* attrs = nullptr;  // owned by a node that the graph below keeps
  std::vector<int> inputs;      // values
  int first_output = 0;
  int n_outputs = 1;
  int slot = -1;
  uint64_t bits = 0;
  Buffer buffer;
  std::vector<PostOp> post_ops;  // kernel: what was folded into its end; their operands are the last inputs
  int origin = 0;  // position in the walk of the node that this came from
  bool backward = false;    // of a gradient rule
  bool recomputed = false;  // a copy that backward reads instead of a value kept since the forward part
};

struct IrValue {
  int node;
  int output;
  Spec spec;
  bool keep = false;
};

struct Ir {
  std::vector<IrNode> nodes;  // inputs before their users
  std::vector<IrValue> values;
  std::vector<std::vector<int>> results;  // per pending node of the walk: the values of its outputs
  std::vector<Ref<Node>> keep_alive;      // nodes made by expansion

  const IrNode& node_of(int value) const { return nodes[static_cast<size_t>(values[static_cast<size_t>(value)].node)]; }
  const Spec& spec(int value) const { return values[static_cast<size_t>(value)].spec; }
};

// Expands composites, merges equal computations, drops what nothing uses.
Ir lower(const Walk& walk);

// A convolution, the slope and shift of its channels and relu6 become one step.
void fold_channel_maps(Ir&);

// Moves relu and same-shape additions that follow a contraction into it, where the op takes them.
void fold_post_ops(Ir&);

// What the two share. Who reads a value: how many times, and the node when it is once.
struct Users {
  int count = 0;
  int only = -1;
};
std::vector<Users> users_of(const Ir&);
// A kernel of one output goes where the operands of its user are known, and computes what that computed.
void take_place(Ir&, size_t kernel, size_t user, std::vector<uint8_t>& gone);
void remove_nodes(Ir&, const std::vector<uint8_t>& gone);

}  // namespace deepseek::scheduler
