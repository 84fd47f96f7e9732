#include "deepseek/scheduler/walk.h"

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/graph/leaf.h"
#include "deepseek/ops/op.h"
#include "deepseek/runtime/parallel.h"
#include "deepseek/scheduler/budget.h"

namespace deepseek::scheduler {
namespace {

bool on_live_tape(const Node& n) { return n.requires_grad && !n.tape_freed && !n.grad_leaf; }

// What has to stay for a rule that will read v. A conversion to a wider type is made again by the program that reads it, so what
// stays are the narrow bytes.
const Value& stays_for(const Value& v) {
  const Value* at = &v;
  while (at->node->op->kind == OpKind::cast && !at->node->computed) {
    const Value& from = at->node->inputs()[0];
    if (size_of(from.spec().dtype) >= size_of(at->spec().dtype)) break;
    at = &from;
  }
  return *at;
}

}  // namespace

void Walk::enter_leaf(Node* n) {
  if (n->lost) raise_runtime("a tensor's bytes were overwritten by an evaluation that failed; set it again");
  n->mark = mark_;
  if (is_scalar(*n)) {
    n->mark_index = encode(Place::scalar, scalars.size());
    scalars.push_back(n);
    return;
  }
  n->mark_index = encode(Place::leaf, leaves.size());
  for (size_t i = 0; i < n->outputs().size(); ++i) leaves.push_back({n, static_cast<int>(i)});
}

void Walk::visit(Node* root) {
  if (root->mark == mark_) return;
  stack_.push_back({root, 0});
  while (!stack_.empty()) {
    Frame& top = stack_.back();
    Node* n = top.node;
    if (n->mark == mark_) {
      stack_.pop_back();
      continue;
    }
    if (n->computed) {
      enter_leaf(n);
      stack_.pop_back();
      continue;
    }
    Node* next = nullptr;
    for (const std::span<Value> inputs = n->inputs(); top.next < inputs.size() && !next;) {
      Node* input = inputs[top.next++].node.get();
      if (input->mark == mark_) continue;
      if (input->computed) enter_leaf(input);
      else next = input;
    }
    if (next) {
      stack_.push_back({next, 0});
      continue;
    }
    if (n->op == placeholder_op() || n->symbolic) {
      raise_runtime("a symbolic tensor", n->layer ? " (of layer " + *n->layer + ")" : std::string(), " of ", to_string(n->spec()),
                    " has no value: it stands for the input of a deepseek.Model that is being built");
    }
    n->mark = mark_;
    n->mark_index = encode(Place::pending, order.size());
    order.push_back(n);
    stack_.pop_back();
  }
}

void Walk::run(std::span<const Value> roots, std::span<Node* const> befores) {
  order.clear(), keep.clear(), uses.clear(), leaves.clear(), scalars.clear(), key.clear();
  stack_.clear();  // a walk that met a symbolic value ended in an error
  mark_ = next_mark();
  for (const Value& v : roots) visit(v.node.get());
  if (order.empty()) return;

  keep.assign(order.size(), 0);
  uses.assign(order.size(), 0);
  for (const Value& v : roots) {
    if (place_of(v.node->mark_index) == Place::pending) keep[index_of(v.node->mark_index)] = 1;
  }
  const auto count = [&](const Node& n) {
    const size_t i = index_of(n.mark_index);
    if (place_of(n.mark_index) == Place::pending) ++uses[i];
    else if (place_of(n.mark_index) == Place::leaf) ++leaves[i].uses;
  };
  for (Node* n : order) {
    for (const Value& in : n->inputs()) count(*in.node);
  }
  for (Node* n : befores) {
    if (n->mark == mark_) count(*n);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    Node* n = order[i];
    if (n->use_count() > uses[i]) keep[i] = 1;
    if (!on_live_tape(*n)) continue;
    // Backward has yet to read these.
    if (static_cast<int>(n->op->saves) & static_cast<int>(Saves::outputs)) keep[i] = 1;
    if (static_cast<int>(n->op->saves) & static_cast<int>(Saves::inputs)) {
      for (const Value& in : n->inputs()) {
        const int32_t place = stays_for(in).node->mark_index;
        if (place_of(place) == Place::pending) keep[index_of(place)] = 1;
        else if (place_of(place) == Place::leaf) leaves[index_of(place)].uses = -1;  // never donated
      }
    }
  }
  for (Leaf& l : leaves) {
    const Buffer& b = l.node->outputs()[static_cast<size_t>(l.output)].buffer;
    const bool saved = static_cast<int>(l.node->op->saves) & static_cast<int>(Saves::outputs);
    const bool read_by_backward = saved && on_live_tape(*l.node);
    l.donatable = !read_by_backward && l.node->use_count() == l.uses && l.node->outputs().size() == 1 && b.storage->use_count() == 1 &&
                  b.storage->owned() && b.storage->writable();
  }
  write_key();
}

void Walk::write_key() {
  key.add(num_threads());
  key.add(fused::current_isa());
  key.word(static_cast<uint64_t>(bytes_left = scheduler::bytes_left()));
  key.word(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const Node& n = *order[i];
    key.add(n.op);
    key.word(n.inputs().size() << 1 | keep[i]);
    for (const Value& in : n.inputs()) key.word(static_cast<uint64_t>(in.node->mark_index) << 8 | static_cast<uint64_t>(in.index));
    if (n.op->key) n.op->key(n.attrs(), key);
  }
  key.word(leaves.size());
  for (const Leaf& l : leaves) {
    const Output& o = l.node->outputs()[static_cast<size_t>(l.output)];
    key.word(static_cast<uint64_t>(o.spec.dtype) << 1 | l.donatable);
    key.add(o.spec.shape);
    key.add(o.buffer.strides);
  }
  key.word(scalars.size());
  for (const Node* n : scalars) key.word(static_cast<uint64_t>(n->spec().dtype) << 1 | n->weak);
}

}  // namespace deepseek::scheduler
