#include "deepseek/autograd/grad.h"

#include <algorithm>

#include "deepseek/ops/core/core.h"

namespace deepseek {

Tensor Grad::output(int i) const { return Tensor(Value{Ref<Node>(const_cast<Node*>(&node_)), i}); }

Tensor Grad::grad(int i) const {
  if (incoming_[i].defined()) return incoming_[i];
  const Spec& spec = node_.spec(i);
  return filled(spec.shape, Tensor(scalar_value(0.0, spec.dtype)));
}

GradMeta& grad_meta(Node& node) {
  if (!node.grad_meta) node.grad_meta = Ref<GradMeta>(new GradMeta);
  return *node.grad_meta;
}

namespace autograd {
namespace {

void remove_receiver(GradMeta& meta, const TensorImpl* tensor) {
  std::erase_if(meta.receivers, [&](const GradMeta::Receiver& r) { return r.tensor == tensor; });
}

}  // namespace

void make_leaf(TensorImpl& tensor, Node& node) {
  node.requires_grad = true;
  node.grad_leaf = true;
  GradMeta& meta = grad_meta(node);
  remove_receiver(meta, &tensor);
  meta.receivers.push_back({&tensor, 0});
}

void rebound(TensorImpl& tensor, const Value& from, const Value& to) {
  if (!from.node->grad_meta || from.node == to.node) return;
  if (from.node->grad_leaf) {
    to.node->grad_meta = from.node->grad_meta;
    to.node->requires_grad = true;
    to.node->grad_leaf = true;
    return;
  }
  auto& receivers = from.node->grad_meta->receivers;
  if (std::none_of(receivers.begin(), receivers.end(), [&](auto& r) { return r.tensor == &tensor; })) return;
  remove_receiver(*from.node->grad_meta, &tensor);
  grad_meta(*to.node).receivers.push_back({&tensor, to.index});
}

void forget(const TensorImpl& tensor, Node& node) {
  if (node.grad_meta) remove_receiver(*node.grad_meta, &tensor);
}

}  // namespace autograd
}  // namespace deepseek
