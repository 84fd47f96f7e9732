// Module: parameters, buffers and child modules under names, and a forward computation.
//
//   struct Net : nn::Module {
//     nn::Child<nn::Linear> hidden = add<nn::Linear>("hidden", 64);
//     nn::Child<nn::Linear> out = add<nn::Linear>("out", 10);
//     Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
//   };
//   auto net = nn::make<Net>();
//   Tensor y = (*net)(x);
//
// The same objects are Python's modules: a count of handles lives in the object, and once Python knows the object the count is
// Python's, so it lives as long as either side holds it.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "deepseek/graph/tensor.h"
#include "deepseek/nn/option.h"
#include "deepseek/tensor/refcount.h"

namespace deepseek::nn {

class Module;
template <class T>
class Child;

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using NamedModules = std::vector<std::pair<std::string, Ref<Module>>>;
using StateDict = NamedTensors;
using NamedArguments = std::vector<std::pair<std::string, Argument>>;

template <class M, class... Args>
Ref<M> make(Args&&... args) {
  return Ref<M>(new M(std::forward<Args>(args)...));
}

// What the Python front end does for modules that it knows.
struct PythonHooks {
  void (*retain)(void* self) = nullptr;
  void (*release)(void* self) = nullptr;
  TensorList (*forward)(Module&, const TensorList& inputs) = nullptr;  // the subclass's forward between Python's hooks
  std::string (*type_name)(const Module&) = nullptr;
  std::string (*extra_repr)(const Module&) = nullptr;
};
inline PythonHooks python_hooks;

// The result of load_state_dict.
struct LoadReport {
  std::vector<std::string> missing;     // in the module, not in the state
  std::vector<std::string> unexpected;  // in the state, not in the module
};

class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // One of the two is overridden: one tensor in and out, or several.
  virtual Tensor forward(const Tensor& input);
  virtual TensorList forward_many(const TensorList& inputs);
  // With arguments by keyword; layers that know some override it.
  virtual TensorList forward_named(const TensorList& inputs, const NamedArguments& named);

  // Calls forward inside this layer's scope, with its hooks. On a symbolic tensor the call is recorded for a Model.
  Tensor operator()(const Tensor& input);
  TensorList call(const TensorList& inputs);
  template <class... T>
    requires(sizeof...(T) > 0)
  Tensor operator()(const Tensor& first, const T&... more) {
    return call({first, Tensor(more)...})[0];
  }

  // ---- registration ----
  // An undefined tensor stands for None; a parameter gets requires_grad. The name must be new or of the same kind.
  void register_parameter(const std::string& name, const Tensor& value);
  void register_buffer(const std::string& name, const Tensor& value, bool persistent = true);
  void register_module(const std::string& name, Ref<Module> module);
  void remove(const std::string& name);
  template <class M, class... Args>
  Child<M> add(const std::string& name, Args&&... args);

  const Tensor& parameter(std::string_view name) const;  // undefined when None; raises for an unknown name
  const Tensor& buffer(std::string_view name) const;
  const Tensor* find_parameter(std::string_view name) const;
  const Tensor* find_buffer(std::string_view name) const;
  Module* find_child(std::string_view name) const;
  void set_parameter(std::string_view name, const Tensor& value);  // undefined: None
  void set_buffer(std::string_view name, const Tensor& value);
  bool is_persistent(std::string_view buffer) const;

  // ---- walks; a tensor or module reachable on several ways is listed once, under its first name ----
  NamedTensors named_parameters(const std::string& prefix = "", bool recurse = true) const;
  NamedTensors named_buffers(const std::string& prefix = "", bool recurse = true) const;
  NamedModules named_modules(const std::string& prefix = "") const;  // this module first, under `prefix`
  const NamedModules& named_children() const { return children_; }
  const NamedTensors& own_parameters() const { return parameters_; }  // None entries are undefined
  const NamedTensors& own_buffers() const { return buffers_; }
  TensorList parameters(bool recurse = true) const;
  TensorList buffers(bool recurse = true) const;
  Ref<Module> get_submodule(const std::string& path) const;
  Tensor get_parameter(const std::string& path) const;
  void apply(const std::function<void(Module&)>& function);  // children first

  // ---- state ----
  StateDict state_dict(const std::string& prefix = "") const;
  // Copies values in. With `strict` any missing or unexpected name raises; a shape that differs raises always.
  LoadReport load_state_dict(const StateDict& state, bool strict = true);

  // ---- modes ----
  Module& train(bool on = true);
  Module& eval() { return train(false); }
  bool training = true;
  Module& requires_grad_(bool on = true);
  void zero_grad();
  Module& to(DType dtype);  // floating parameters and buffers only

  // ---- hooks, C++ side ----
  using PreHook = std::function<void(Module&, TensorList& inputs)>;  // may replace inputs
  using Hook = std::function<void(Module&, const TensorList& inputs, TensorList& outputs)>;
  int register_forward_pre_hook(PreHook hook);
  int register_forward_hook(Hook hook);
  void remove_hook(int id);

  // ---- description ----
  virtual std::string type_name() const;
  virtual std::string extra_repr() const { return ""; }
  std::string repr() const;
  // A table of layers with the shapes of their outputs and their parameters, found without computing anything.
  std::string summary(const TensorList& example);
  // The arguments that make an equal module, for repr and for copies.
  virtual Options options() const { return {}; }

  // ---- layers that learn their input's width at the first call ----
  virtual bool built() const { return true; }
  // Builds from the shape of a saved parameter or buffer; called for every name that a state offers to an unbuilt layer.
  virtual void build_from(std::string_view /*name*/, const Shape& /*shape*/) {}

  // The name in paths of errors: the registered name, or the type for a root.
  const std::string& scope_name() const;
  const std::string& registered_name() const { return name_; }
  virtual void set_scope_name(const std::string& name) { name_ = name; }

  // ---- ownership ----
  void retain() const;
  void release() const;
  void* python_self() const;
  void set_python_self(void* self);
  int use_count() const;  // 0 once Python owns the object
  bool python_forward = false;    // forward is overridden in Python, or Python has hooks on it
  bool python_describes = false;  // extra_repr is overridden in Python
  // Lets go of everything that could be part of a cycle.
  void clear();

 protected:
  virtual void after_registration(const std::string& /*name*/) {}

 private:
  struct HookEntry {
    int id;
    PreHook pre;
    Hook post;
  };
  void check_name(const std::string& name, std::string_view kind) const;
  void check_built(const std::string& path) const;
  TensorList run(const TensorList& inputs);
  TensorList run_with_hooks(TensorList inputs);
  void save_into(StateDict& state, const std::string& prefix) const;

  NamedTensors parameters_;
  NamedTensors buffers_;
  std::vector<std::string> transient_;  // buffers that state_dict leaves out
  NamedModules children_;
  std::vector<HookEntry> hooks_;
  std::string name_;
  mutable std::string root_scope_;  // the type's name, kept because demangling it is slow
  int next_hook_ = 0;
  // Odd: twice the number of handles plus one. Even: the Python object that owns this one.
  mutable std::atomic<uintptr_t> owner_{1};
};

// A child module as a member: called like a function.
template <class T>
class Child : public Ref<T> {
 public:
  Child() = default;
  Child(Ref<T> r) : Ref<T>(std::move(r)) {}
  template <class... A>
  auto operator()(const A&... a) const {
    return (*this->get())(a...);
  }
};

template <class M, class... Args>
Child<M> Module::add(const std::string& name, Args&&... args) {
  Ref<M> m = make<M>(std::forward<Args>(args)...);
  register_module(name, Ref<Module>(m.get()));
  return m;
}

// A leaf that requires grad when its type is floating, computed at once so that it is ready for an optimiser.
Tensor make_parameter(const Tensor& value, bool requires_grad = true);

// Rows that summary collects while modules are called.
struct CallObserver {
  virtual ~CallObserver() = default;
  virtual void enter(Module&) = 0;
  virtual void leave(Module&, const TensorList& outputs) = 0;
};
inline thread_local CallObserver* call_observer = nullptr;

}  // namespace deepseek::nn
