#pragma once
#include "deepseek/nn/module.h"

namespace deepseek::nn {

// Calls its modules one after another, each on the result of the one before.
class Sequential : public Module {
 public:
  Sequential() = default;
  template <class... M>
  explicit Sequential(Ref<M>... modules) {
    (append(Ref<Module>(modules.get())), ...);
  }
  explicit Sequential(const NamedModules& modules);

  TensorList forward_many(const TensorList& inputs) override;
  int64_t size() const { return static_cast<int64_t>(named_children().size()); }
  Ref<Module> at(int64_t index) const;  // negative from the end
  Sequential& append(Ref<Module> module);
  Sequential& insert(int64_t index, Ref<Module> module);
  Sequential& replace(int64_t index, Ref<Module> module);
  Sequential& remove_at(int64_t index);
};

// Modules under numbers; not callable itself.
class ModuleList : public Module {
 public:
  ModuleList() = default;
  explicit ModuleList(const std::vector<Ref<Module>>& modules);
  int64_t size() const { return static_cast<int64_t>(named_children().size()); }
  Ref<Module> at(int64_t index) const;
  ModuleList& append(Ref<Module> module);
  ModuleList& insert(int64_t index, Ref<Module> module);
  ModuleList& replace(int64_t index, Ref<Module> module);
  ModuleList& remove_at(int64_t index);
  void set_scope_name(const std::string& name) override;

 protected:
  void after_registration(const std::string& name) override;
};

// Modules under names; not callable itself.
class ModuleDict : public Module {
 public:
  void set_scope_name(const std::string& name) override;

 protected:
  void after_registration(const std::string& name) override;
};

// Parameters under numbers.
class ParameterList : public Module {
 public:
  int64_t size() const { return static_cast<int64_t>(own_parameters().size()); }
  Tensor at(int64_t index) const;
  ParameterList& append(const Tensor& parameter);
};

class ParameterDict : public Module {};

}  // namespace deepseek::nn
