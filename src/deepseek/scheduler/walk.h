// The part of the graph that an evaluation computes, and the key of its structure.
#pragma once
#include <span>
#include <vector>

#include "deepseek/graph/node.h"
#include "deepseek/ops/key.h"

namespace deepseek::scheduler {

struct Walk {
  struct Leaf {
    Node* node;
    int output;
    int uses = 0;            // references from the nodes of this walk (and from values that a rollback would need)
    bool donatable = false;  // nobody but this walk can see the bytes: a result may take their place
  };

  std::vector<Node*> order;     // pending nodes, inputs before their users
  std::vector<uint8_t> keep;    // per pending node: its outputs must have buffers afterwards
  std::vector<int> uses;        // per pending node: references from the nodes of this walk
  std::vector<Leaf> leaves;     // computed values, in the order of first use
  std::vector<Node*> scalars;   // numbers, in the order of first use
  KeyWriter key;
  int64_t bytes_left = -1;      // that a plan may take; -1: as many as it needs

  // Refers to nodes without owning them: the roots do. `befores` are references that do not count as in use.
  void run(std::span<const Value> roots, std::span<Node* const> befores);

 private:
  struct Frame {
    Node* node;
    size_t next;
  };
  void visit(Node* root);
  void enter_leaf(Node*);
  void write_key();
  std::vector<Frame> stack_;
  uint64_t mark_ = 0;
};

// Node::mark_index of a walk: which list a node is in, and where.
enum class Place : uint32_t { pending, leaf, scalar };
inline int32_t encode(Place p, size_t i) { return static_cast<int32_t>(static_cast<uint32_t>(p) | static_cast<uint32_t>(i) << 2); }
inline Place place_of(int32_t code) { return static_cast<Place>(code & 3); }
inline size_t index_of(int32_t code) { return static_cast<uint32_t>(code) >> 2; }

}  // namespace deepseek::scheduler
