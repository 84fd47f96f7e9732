#include "deepseek/nn/sequential.h"

namespace deepseek::nn {
namespace {

int64_t wrap(const Module& m, int64_t index, int64_t size) {
  if (index < -size || index >= size) {
    raise_index(m.type_name(), ": index ", index, " is out of range for ", size, size == 1 ? " module" : " modules");
  }
  return index < 0 ? index + size : index;
}

Ref<Module> child_at(const Module& m, int64_t index) {
  const NamedModules& children = m.named_children();
  return children[static_cast<size_t>(wrap(m, index, static_cast<int64_t>(children.size())))].second;
}

// Children renumbered from a changed list.
void renumber(Module& m, std::vector<Ref<Module>> modules) {
  while (!m.named_children().empty()) m.remove(std::string(m.named_children().back().first));
  for (size_t i = 0; i < modules.size(); ++i) m.register_module(std::to_string(i), std::move(modules[i]));
}

std::vector<Ref<Module>> listed(const Module& m) {
  std::vector<Ref<Module>> out;
  for (const auto& [name, child] : m.named_children()) out.push_back(child);
  return out;
}

void insert_at(Module& m, int64_t index, Ref<Module> module) {
  std::vector<Ref<Module>> modules = listed(m);
  const int64_t n = static_cast<int64_t>(modules.size());
  modules.insert(modules.begin() + (index == n ? n : wrap(m, index, n)), std::move(module));
  renumber(m, std::move(modules));
}

void erase_at(Module& m, int64_t index) {
  std::vector<Ref<Module>> modules = listed(m);
  modules.erase(modules.begin() + wrap(m, index, static_cast<int64_t>(modules.size())));
  renumber(m, std::move(modules));
}

void replace_at(Module& m, int64_t index, Ref<Module> module) {
  const int64_t at = wrap(m, index, static_cast<int64_t>(m.named_children().size()));
  m.register_module(std::string(m.named_children()[static_cast<size_t>(at)].first), std::move(module));
}

std::string fresh_name(const Module& m) {
  size_t n = m.named_children().size();
  while (m.find_child(std::to_string(n))) ++n;
  return std::to_string(n);
}

void scope_children(Module& list, const std::string& prefix) {
  for (const auto& [name, child] : list.named_children()) {
    if (child) child->set_scope_name(prefix.empty() ? name : prefix + "." + name);
  }
}

}  // namespace

Sequential::Sequential(const NamedModules& modules) {
  for (const auto& [name, m] : modules) register_module(name, m);
}

TensorList Sequential::forward_many(const TensorList& inputs) {
  TensorList values = inputs;
  const std::vector<Ref<Module>> modules = listed(*this);  // a module may change the list
  for (const Ref<Module>& m : modules) {
    if (m) values = m->call(values);
  }
  return values;
}

Ref<Module> Sequential::at(int64_t index) const { return child_at(*this, index); }
Sequential& Sequential::append(Ref<Module> module) { return register_module(fresh_name(*this), std::move(module)), *this; }
Sequential& Sequential::insert(int64_t index, Ref<Module> module) { return insert_at(*this, index, std::move(module)), *this; }
Sequential& Sequential::replace(int64_t index, Ref<Module> module) { return replace_at(*this, index, std::move(module)), *this; }
Sequential& Sequential::remove_at(int64_t index) { return erase_at(*this, index), *this; }

ModuleList::ModuleList(const std::vector<Ref<Module>>& modules) {
  for (const Ref<Module>& m : modules) append(m);
}
Ref<Module> ModuleList::at(int64_t index) const { return child_at(*this, index); }
ModuleList& ModuleList::append(Ref<Module> module) { return register_module(fresh_name(*this), std::move(module)), *this; }
ModuleList& ModuleList::insert(int64_t index, Ref<Module> module) { return insert_at(*this, index, std::move(module)), *this; }
ModuleList& ModuleList::replace(int64_t index, Ref<Module> module) { return replace_at(*this, index, std::move(module)), *this; }
ModuleList& ModuleList::remove_at(int64_t index) { return erase_at(*this, index), *this; }

// A list is never called itself, so its name is put before those of its modules.
void ModuleList::set_scope_name(const std::string& name) {
  Module::set_scope_name(name);
  scope_children(*this, name);
}
void ModuleList::after_registration(const std::string& name) {
  if (Module* m = find_child(name); m && registered_name().size()) m->set_scope_name(registered_name() + "." + name);
}
void ModuleDict::set_scope_name(const std::string& name) {
  Module::set_scope_name(name);
  scope_children(*this, name);
}
void ModuleDict::after_registration(const std::string& name) {
  if (Module* m = find_child(name); m && registered_name().size()) m->set_scope_name(registered_name() + "." + name);
}

Tensor ParameterList::at(int64_t index) const {
  return own_parameters()[static_cast<size_t>(wrap(*this, index, size()))].second;
}
ParameterList& ParameterList::append(const Tensor& parameter) {
  return register_parameter(std::to_string(size()), parameter), *this;
}

}  // namespace deepseek::nn
