// Calling a module: its scope, its hooks, and the recording of calls on symbolic tensors.
#include <mutex>
#include <utility>

#include "deepseek/nn/module.h"
#include "deepseek/nn/symbolic.h"

namespace deepseek::nn {

Tensor Module::forward(const Tensor&) {
  raise(ErrorKind::not_implemented, concat(type_name(), ": forward is not defined for one tensor"));
}

TensorList Module::forward_many(const TensorList& inputs) {
  if (inputs.size() != 1) {
    raise_type(type_name(), ": forward takes one tensor, but ", inputs.size(), " are given");
  }
  return {forward(inputs[0])};
}

// Layers of one or two tensors may be given them by torch's names.
TensorList Module::forward_named(const TensorList& inputs, const NamedArguments& named) {
  TensorList all = inputs;
  constexpr std::string_view names[] = {"input", "target"};
  for (const auto& [name, value] : named) {
    const Tensor* t = std::get_if<Tensor>(&value);
    if (!t || all.size() >= 2 || name != names[all.size()]) {
      raise_type(type_name(), ": forward has no argument '", name, "' here");
    }
    all.push_back(*t);
  }
  return forward_many(all);
}

const std::string& Module::scope_name() const {
  if (LayerScope::current() && !name_.empty()) return name_;
  static std::mutex& naming = *new std::mutex;  // several threads may make the first call
  {
    const std::lock_guard lock(naming);
    if (!root_scope_.empty()) return root_scope_;
  }
  std::string name = type_name();  // of a Python class: not under the lock
  const std::lock_guard lock(naming);
  if (root_scope_.empty()) root_scope_ = std::move(name);
  return root_scope_;
}

TensorList Module::run(const TensorList& inputs) {
  return python_forward ? python_hooks.forward(*this, inputs) : forward_many(inputs);
}

TensorList Module::run_with_hooks(TensorList inputs) {
  if (hooks_.empty() || modes.shape_only) return run(inputs);
  const std::vector<HookEntry> hooks = hooks_;  // a hook may remove itself
  for (const HookEntry& h : hooks) {
    if (h.pre) h.pre(*this, inputs);
  }
  TensorList outputs = run(inputs);
  for (const HookEntry& h : hooks) {
    if (h.post) h.post(*this, inputs, outputs);
  }
  return outputs;
}

TensorList Module::call(const TensorList& inputs) {
  Ref<Module> alive(this);
  for (const Tensor& t : inputs) {
    if (!t.defined()) raise_type(type_name(), ": an input is undefined");
  }
  if (any_symbolic(inputs) && !modes.shape_only) {
    return record_call(*this, inputs, [](Module& m, const TensorList& in) { return m.call(in); });
  }
  LayerScope scope(scope_name());
  if (!call_observer) return run_with_hooks(inputs);
  call_observer->enter(*this);
  TensorList outputs = run_with_hooks(inputs);
  call_observer->leave(*this, outputs);
  return outputs;
}

Tensor Module::operator()(const Tensor& input) {
  TensorList outputs = call({input});
  ensure(outputs.size() == 1, type_name(), ": returns ", outputs.size(), " tensors where one is expected");
  return outputs[0];
}

int Module::register_forward_pre_hook(PreHook hook) {
  hooks_.push_back({next_hook_, std::move(hook), nullptr});
  return next_hook_++;
}

int Module::register_forward_hook(Hook hook) {
  hooks_.push_back({next_hook_, nullptr, std::move(hook)});
  return next_hook_++;
}

void Module::remove_hook(int id) {
  std::erase_if(hooks_, [&](const HookEntry& h) { return h.id == id; });
}

}  // namespace deepseek::nn
