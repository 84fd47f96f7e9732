#include "deepseek/graph/node.h"

#include <vector>

#include "deepseek/autograd/grad.h"
#include "deepseek/ops/op.h"
#include "deepseek/tensor/free_list.h"

namespace deepseek {
namespace {

thread_local FreeList free_nodes(1 << 14);

}  // namespace

Ref<Node> Node::create(const Op* op, void* attrs, std::span<Value> inputs, std::span<const Spec> outputs) {
  Node* n = new (free_nodes.take(sizeof(Node))) Node;
  n->op = op;
  if (op->attr_size > 0) {
    const bool fits = op->attr_size <= sizeof n->inline_attrs_ && op->attr_align <= alignof(std::max_align_t);
    n->attrs_ = fits ? static_cast<void*>(n->inline_attrs_.data())
                     : ::operator new(op->attr_size, std::align_val_t{std::max(op->attr_align, alignof(std::max_align_t))});
    if (op->move) op->move(n->attrs_, attrs);
  }
  n->n_inputs_ = static_cast<int16_t>(inputs.size());
  n->inputs_ = inputs.size() <= n->inline_inputs_.size() ? n->inline_inputs_.data() : new Value[inputs.size()];
  for (size_t i = 0; i < inputs.size(); ++i) n->inputs_[i] = std::move(inputs[i]);
  n->n_outputs_ = static_cast<int16_t>(outputs.size());
  n->outputs_ = outputs.size() <= n->inline_outputs_.size() ? n->inline_outputs_.data() : new Output[outputs.size()];
  for (size_t i = 0; i < outputs.size(); ++i) n->outputs_[i].spec = outputs[i];
  n->refs_.start();
  return Ref<Node>::adopt(n);
}

Node::~Node() {
  drop_inputs();
  if (outputs_ != inline_outputs_.data()) delete[] outputs_;
  if (attrs_) {
    if (op->destroy) op->destroy(attrs_);
    if (attrs_ != inline_attrs_.data()) {
      ::operator delete(attrs_, std::align_val_t{std::max(op->attr_align, alignof(std::max_align_t))});
    }
  }
}

void Node::drop_inputs() {
  if (inputs_ == inline_inputs_.data()) {
    for (int i = 0; i < n_inputs_; ++i) inputs_[i] = {};
  } else {
    delete[] inputs_;
    inputs_ = nullptr;
  }
  n_inputs_ = 0;
}

void Node::destroy(Node* n) {
  n->~Node();
  free_nodes.give(n);
}

// Destroying a node releases its inputs, which may destroy them: chains of any length are taken apart in a loop.
void Node::release_iteratively(Node* n) {
  static thread_local std::vector<Node*> waiting;
  static thread_local bool active = false;
  waiting.push_back(n);
  if (active) return;
  active = true;
  while (!waiting.empty()) {
    Node* next = waiting.back();
    waiting.pop_back();
    destroy(next);
  }
  active = false;
}

std::recursive_mutex& graph_mutex() {
  static std::recursive_mutex& mutex = *new std::recursive_mutex;
  return mutex;
}

}  // namespace deepseek
