// A node is one recorded application of an op: what to compute, from which values, with which result.
//
// Life of a node: *pending* (inputs are set, nothing computed) -> *computed* (every output that somebody can still ask for has
// a buffer). A computed node drops its inputs unless the autograd tape needs them. Leaves (data, scalars) are born computed.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>

#include "deepseek/tensor/refcount.h"
#include "deepseek/tensor/scopes.h"
#include "deepseek/tensor/storage.h"

namespace deepseek {

struct Op;
struct GradMeta;
class Node;

// One output of a node.
struct Value {
  Ref<Node> node;
  int index = 0;
  explicit operator bool() const { return static_cast<bool>(node); }
  const Spec& spec() const;
  friend bool operator==(const Value&, const Value&) = default;
};

struct Output {
  Spec spec;
  Buffer buffer;  // no storage until computed
};

// Set by the evaluation of one thread and read by others without a lock: who sees it set also sees the buffers.
class ComputedFlag {
 public:
  operator bool() const { return set_.load(std::memory_order_acquire); }
  void operator=(bool on) { set_.store(on, std::memory_order_release); }

 private:
  std::atomic<bool> set_ = false;
};

class Node final {
 public:
  // Takes over `inputs`; `attrs` points to the op struct and is moved into the node by op->move.
  static Ref<Node> create(const Op* op, void* attrs, std::span<Value> inputs, std::span<const Spec> outputs);

  const Op* op;
  std::span<Value> inputs() { return {inputs_, static_cast<size_t>(n_inputs_)}; }
  std::span<const Value> inputs() const { return {inputs_, static_cast<size_t>(n_inputs_)}; }
  std::span<Output> outputs() { return {outputs_, static_cast<size_t>(n_outputs_)}; }
  std::span<const Output> outputs() const { return {outputs_, static_cast<size_t>(n_outputs_)}; }
  const Spec& spec(int i = 0) const { return outputs_[i].spec; }
  const void* attrs() const { return attrs_; }
  template <class S>
  const S& attrs_as() const {
    return *static_cast<const S*>(attrs_);
  }

  bool is_leaf() const { return n_inputs_ == 0 && computed; }
  void drop_inputs();

  void retain() const { refs_.retain(); }
  void release() const {
    if (refs_.release()) release_iteratively(const_cast<Node*>(this));
  }
  int use_count() const { return refs_.value(); }

  // Flags.
  ComputedFlag computed;
  bool symbolic = false;       // depends on a placeholder of the functional API; has a shape but never a value
  bool weak = false;           // a Python or C++ number: takes part in dtype promotion by kind only
  bool requires_grad = false;  // on the tape
  bool grad_leaf = false;      // the tape ends here: a tensor that the user made with requires_grad
  bool tape_freed = false;     // backward has consumed this part of the tape
  bool lost = false;           // a failed evaluation overwrote the bytes; reading raises
  int32_t depth = 0;           // longest chain of pending nodes that ends here
  uint64_t sequence = 0;       // as recorded: grows along a thread, and from inputs to their users

  // Scratch of the walk in progress (guarded by the graph lock); next_mark() gives each walk its mark.
  int32_t mark_index = 0;
  uint64_t mark = 0;

  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 private:
  Node() = default;
  ~Node();
  static void destroy(Node*);
  static void release_iteratively(Node*);

  // With op, flags and scratch the first cache line: all that walks read of most nodes.
  RefCount refs_;
  int16_t n_inputs_ = 0;
  int16_t n_outputs_ = 0;
  void* attrs_ = nullptr;
  Value* inputs_ = nullptr;
  Output* outputs_ = nullptr;

 public:
  SourceLine line;                       // where the user recorded it
  const std::string* layer = nullptr;    // path of the layer that recorded it; interned
  Ref<GradMeta> grad_meta;               // hooks and the tensors that receive the gradient; rare

 private:
  std::array<Value, 3> inline_inputs_;
  alignas(std::max_align_t) std::array<std::byte, 48> inline_attrs_;
  std::array<Output, 1> inline_outputs_;
};

inline const Spec& Value::spec() const { return node->spec(index); }

// Serialises walks and evaluations; recording takes no lock.
std::recursive_mutex& graph_mutex();

// A value of Node::mark that no walk has used. Call it with graph_mutex() held.
inline uint64_t last_mark = 0;
inline uint64_t next_mark() { return ++last_mark; }

}  // namespace deepseek
