// The members of Tensor that belong to autograd.
#include <atomic>

#include "deepseek/autograd/grad.h"

namespace deepseek {
namespace {

Value differentiable_value(const Tensor& t, std::string_view caller) {
  Value v = t.value();
  if (!v.node->requires_grad || !is_floating_point(v.spec().dtype)) {
    raise_runtime(caller, ": the tensor, ", to_string(v.spec()), ", does not require grad, so it never gets one");
  }
  return v;
}

}  // namespace

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph) const {
  autograd::backward({*this}, gradient.defined() ? TensorList{gradient} : TensorList{}, retain_graph, create_graph);
}

void Tensor::retain_grad() const {
  const Value v = differentiable_value(*this, "retain_grad");
  if (v.node->grad_leaf) return;  // leaves receive it anyway
  autograd::forget(*impl_, *v.node);
  grad_meta(*v.node).receivers.push_back({impl_.get(), v.index});
}

int Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) const {
  static std::atomic<int> next_id = 0;
  const Value v = differentiable_value(*this, "register_hook");
  const int id = next_id++;
  grad_meta(*v.node).hooks.push_back({id, v.index, std::move(hook)});
  return id;
}

void Tensor::remove_hook(int id) const {
  const Value v = value();
  if (v.node->grad_meta) std::erase_if(v.node->grad_meta->hooks, [&](const GradMeta::Hook& h) { return h.id == id; });
}

}  // namespace deepseek
