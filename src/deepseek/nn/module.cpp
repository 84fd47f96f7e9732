#include "deepseek/nn/module.h"

#include <algorithm>
#include <unordered_set>

namespace deepseek::nn {
namespace {

template <class List>
auto find_in(List& list, std::string_view name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == name; });
}

template <class List>
auto* entry(List& list, std::string_view name) {
  auto it = find_in(list, name);
  return it == list.end() ? nullptr : &it->second;
}

std::string joined(const std::string& prefix, const std::string& name) { return prefix.empty() ? name : prefix + "." + name; }

}  // namespace

Module::~Module() = default;

// ---- ownership ----

void Module::retain() const {
  uintptr_t v = owner_.load(std::memory_order_relaxed);
  do {
    if (!(v & 1)) return python_hooks.retain(reinterpret_cast<void*>(v));
  } while (!owner_.compare_exchange_weak(v, v + 2, std::memory_order_relaxed));
}

void Module::release() const {
  uintptr_t v = owner_.load(std::memory_order_relaxed);
  do {
    if (!(v & 1)) return python_hooks.release(reinterpret_cast<void*>(v));
  } while (!owner_.compare_exchange_weak(v, v - 2, std::memory_order_acq_rel));
  if (v == 3) delete this;
}

void* Module::python_self() const {
  const uintptr_t v = owner_.load(std::memory_order_acquire);
  return v & 1 ? nullptr : reinterpret_cast<void*>(v);
}

void Module::set_python_self(void* self) {
  uintptr_t v = owner_.load();
  DEEPSEEK_CHECK(v & 1, "a module belongs to two Python objects");
  uintptr_t handed_over = 1;
  do {
    for (; handed_over < v; handed_over += 2) python_hooks.retain(self);
    for (; handed_over > v; handed_over -= 2) python_hooks.release(self);
  } while (!owner_.compare_exchange_weak(v, reinterpret_cast<uintptr_t>(self)));
}

int Module::use_count() const {
  const uintptr_t v = owner_.load(std::memory_order_acquire);
  return v & 1 ? static_cast<int>(v >> 1) : 0;
}

void Module::clear() {
  // Moved out first: what is destroyed here may look at this module again.
  NamedTensors parameters = std::move(parameters_), buffers = std::move(buffers_);
  NamedModules children = std::move(children_);
  std::vector<HookEntry> hooks = std::move(hooks_);
  parameters_.clear(), buffers_.clear(), children_.clear(), hooks_.clear();
}

// ---- registration ----

void Module::check_name(const std::string& name, std::string_view kind) const {
  ensure(!name.empty(), type_name(), ": the name of a ", kind, " must not be empty");
  ensure(name.find('.') == std::string::npos, type_name(), ": the name of a ", kind, " must not contain '.', but is '", name, "'");
  const char* taken = find_parameter(name) ? "parameter" : find_buffer(name) ? "buffer" : find_child(name) ? "module" : nullptr;
  ensure(!taken || taken == kind, type_name(), ": '", name, "' is already a ", taken ? taken : "", ", it cannot become a ", kind);
}

void Module::register_parameter(const std::string& name, const Tensor& value) {
  check_name(name, "parameter");
  if (value.defined()) {
    value.impl()->parameter = true;
    if (!built() && find_parameter(name)) build_from(name, value.shape());
  }
  if (Tensor* old = entry(parameters_, name)) *old = value;
  else parameters_.emplace_back(name, value);
  after_registration(name);
}

void Module::register_buffer(const std::string& name, const Tensor& value, bool persistent) {
  check_name(name, "buffer");
  if (Tensor* old = entry(buffers_, name)) *old = value;
  else buffers_.emplace_back(name, value);
  std::erase(transient_, name);
  if (!persistent) transient_.push_back(name);
}

void Module::register_module(const std::string& name, Ref<Module> module) {
  check_name(name, "module");
  ensure(module.get() != this, type_name(), ": a module cannot be its own child ('", name, "')");
  if (module) module->set_scope_name(name);
  if (Ref<Module>* old = entry(children_, name)) *old = std::move(module);
  else children_.emplace_back(name, std::move(module));
  after_registration(name);
}

void Module::remove(const std::string& name) {
  auto erase = [&](auto& list) {
    auto it = find_in(list, name);
    if (it == list.end()) return false;
    auto kept = std::move(it->second);  // destroyed after the list is whole again
    list.erase(it);
    return true;
  };
  if (!erase(parameters_) && !erase(buffers_) && !erase(children_)) {
    raise_index(type_name(), ": there is no parameter, buffer or module '", name, "' to remove");
  }
  std::erase(transient_, name);
}

const Tensor* Module::find_parameter(std::string_view name) const { return entry(parameters_, name); }
const Tensor* Module::find_buffer(std::string_view name) const { return entry(buffers_, name); }
Module* Module::find_child(std::string_view name) const {
  const Ref<Module>* r = entry(children_, name);
  return r ? r->get() : nullptr;
}

const Tensor& Module::parameter(std::string_view name) const {
  const Tensor* t = find_parameter(name);
  if (!t) raise_index(type_name(), ": there is no parameter '", name, "'");
  return *t;
}

const Tensor& Module::buffer(std::string_view name) const {
  const Tensor* t = find_buffer(name);
  if (!t) raise_index(type_name(), ": there is no buffer '", name, "'");
  return *t;
}

void Module::set_parameter(std::string_view name, const Tensor& value) {
  Tensor* t = entry(parameters_, name);
  DEEPSEEK_CHECK(t, name);
  if (value.defined()) value.impl()->parameter = true;
  *t = value;
}

void Module::set_buffer(std::string_view name, const Tensor& value) {
  Tensor* t = entry(buffers_, name);
  DEEPSEEK_CHECK(t, name);
  *t = value;
}

bool Module::is_persistent(std::string_view buffer) const {
  return std::find(transient_.begin(), transient_.end(), buffer) == transient_.end();
}

// ---- walks ----

void Module::check_built(const std::string& path) const {
  if (built()) return;
  raise_runtime(type_name(), path.empty() ? "" : " '", path, path.empty() ? "" : "'",
                ": its parameters are made at the first call, when the input's width is known, and it has not been called yet. "
                "Call the model once on an example (model(x)), or give the input's width as a keyword (in_features=, "
                "in_channels=, num_features=)");
}

NamedModules Module::named_modules(const std::string& prefix) const {
  NamedModules out;
  std::unordered_set<const Module*> seen;
  // Pre-order, as in torch; an explicit stack because models may be deep.
  std::vector<std::pair<std::string, Ref<Module>>> stack{{prefix, Ref<Module>(const_cast<Module*>(this))}};
  while (!stack.empty()) {
    auto [name, m] = std::move(stack.back());
    stack.pop_back();
    if (!seen.insert(m.get()).second) continue;
    for (auto it = m->children_.rbegin(); it != m->children_.rend(); ++it) {
      if (it->second) stack.emplace_back(joined(name, it->first), it->second);
    }
    out.emplace_back(std::move(name), std::move(m));
  }
  return out;
}

NamedTensors Module::named_parameters(const std::string& prefix, bool recurse) const {
  NamedTensors out;
  std::unordered_set<const TensorImpl*> seen;
  auto own = [&](const std::string& path, const Module& m) {
    m.check_built(path);
    for (const auto& [name, t] : m.parameters_) {
      if (t.defined() && seen.insert(t.impl()).second) out.emplace_back(joined(path, name), t);
    }
  };
  if (!recurse) own(prefix, *this);
  else for (const auto& [path, m] : named_modules(prefix)) own(path, *m);
  return out;
}

NamedTensors Module::named_buffers(const std::string& prefix, bool recurse) const {
  NamedTensors out;
  std::unordered_set<const TensorImpl*> seen;
  auto own = [&](const std::string& path, const Module& m) {
    for (const auto& [name, t] : m.buffers_) {
      if (t.defined() && seen.insert(t.impl()).second) out.emplace_back(joined(path, name), t);
    }
  };
  if (!recurse) own(prefix, *this);
  else for (const auto& [path, m] : named_modules(prefix)) own(path, *m);
  return out;
}

TensorList Module::parameters(bool recurse) const {
  TensorList out;
  for (auto& [name, t] : named_parameters("", recurse)) out.push_back(std::move(t));
  return out;
}

TensorList Module::buffers(bool recurse) const {
  TensorList out;
  for (auto& [name, t] : named_buffers("", recurse)) out.push_back(std::move(t));
  return out;
}

Ref<Module> Module::get_submodule(const std::string& path) const {
  Ref<Module> m(const_cast<Module*>(this));
  for (size_t at = 0; at < path.size();) {
    const size_t dot = std::min(path.find('.', at), path.size());
    const std::string name = path.substr(at, dot - at);
    Module* next = m->find_child(name);
    if (!next) raise_index("get_submodule: ", m->type_name(), " has no child '", name, "' (asked for '", path, "')");
    m = Ref<Module>(next);
    at = dot + 1;
  }
  return m;
}

Tensor Module::get_parameter(const std::string& path) const {
  const size_t dot = path.rfind('.');
  Ref<Module> m = get_submodule(dot == std::string::npos ? "" : path.substr(0, dot));
  m->check_built(dot == std::string::npos ? "" : path.substr(0, dot));
  return m->parameter(dot == std::string::npos ? path : path.substr(dot + 1));
}

void Module::apply(const std::function<void(Module&)>& function) {
  const NamedModules children = children_;
  for (const auto& [name, child] : children) {
    if (child) child->apply(function);
  }
  function(*this);
}

// ---- modes ----

Module& Module::train(bool on) {
  for (const auto& [name, m] : named_modules()) m->training = on;
  return *this;
}

Module& Module::requires_grad_(bool on) {
  for (Tensor& p : parameters()) {
    if (is_floating_point(p.dtype())) p.set_requires_grad(on);
  }
  return *this;
}

void Module::zero_grad() {
  for (Tensor& p : parameters()) p.set_grad(Tensor());
}

}  // namespace deepseek::nn
