// Saving and loading of a module's state, and conversion of its types.
#include <map>

#include "deepseek/nn/module.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  constexpr size_t shown = 10;
  for (size_t i = 0; i < names.size() && i < shown; ++i) out += (i ? ", " : "") + names[i];
  if (names.size() > shown) out += concat(", and ", names.size() - shown, " more");
  return out;
}

}  // namespace

Tensor make_parameter(const Tensor& value, bool requires_grad) {
  NoGradGuard no_grad;
  Tensor leaf = value.detach();
  leaf.eval();
  leaf.impl()->parameter = true;
  if (requires_grad && is_floating_point(leaf.dtype())) leaf.set_requires_grad(true);
  return leaf;
}

void Module::save_into(StateDict& state, const std::string& prefix) const {
  check_built(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1));
  for (const auto& [name, t] : parameters_) {
    if (t.defined()) state.emplace_back(prefix + name, t.detach());
  }
  for (const auto& [name, t] : buffers_) {
    if (t.defined() && is_persistent(name)) state.emplace_back(prefix + name, t.detach());
  }
  for (const auto& [name, child] : children_) {
    if (child) child->save_into(state, prefix + name + ".");
  }
}

StateDict Module::state_dict(const std::string& prefix) const {
  StateDict state;
  save_into(state, prefix);
  return state;
}

LoadReport Module::load_state_dict(const StateDict& state, bool strict) {
  std::map<std::string, const Tensor*, std::less<>> given;
  for (const auto& [name, t] : state) given[name] = &t;
  // Layers that have not seen an input take their width from the saved shapes.
  std::function<void(Module&, const std::string&)> build = [&](Module& m, const std::string& prefix) {
    auto offer = [&](const std::string& name) {
      auto it = given.find(prefix + name);
      if (!m.built() && it != given.end()) m.build_from(name, it->second->shape());
    };
    for (size_t i = 0; i < m.parameters_.size(); ++i) offer(std::string(m.parameters_[i].first));
    for (size_t i = 0; i < m.buffers_.size(); ++i) offer(std::string(m.buffers_[i].first));
    for (const auto& [name, child] : m.children_) {
      if (child) build(*child, prefix + name + ".");
    }
  };
  build(*this, "");

  LoadReport report;
  std::vector<std::string> mismatched;
  std::vector<std::pair<Tensor, const Tensor*>> copies;
  std::function<void(Module&, const std::string&)> match = [&](Module& m, const std::string& prefix) {
    auto one = [&](const std::string& name, const Tensor& t) {
      auto it = given.find(prefix + name);
      if (it == given.end()) {
        report.missing.push_back(prefix + name);
        return;
      }
      const Tensor* value = it->second;
      it->second = nullptr;  // used
      if (!value) return;
      if (value->shape() != t.shape()) {
        mismatched.push_back(concat(prefix, name, ": the module has ", to_string(t.shape()), ", the state has ", to_string(value->shape())));
      } else {
        copies.emplace_back(t, value);
      }
    };
    auto every = [&](const NamedTensors& list, bool buffers) {
      for (const auto& [name, t] : list) {
        if (buffers && !m.is_persistent(name)) continue;
        if (t.defined()) one(name, t);
        else if (!m.built()) report.missing.push_back(prefix + name);
      }
    };
    every(m.parameters_, false);
    every(m.buffers_, true);
    for (const auto& [name, child] : m.children_) {
      if (child) match(*child, prefix + name + ".");
    }
  };
  match(*this, "");
  for (const auto& [name, t] : state) {
    auto it = given.find(name);
    if (it->second) report.unexpected.push_back(name);
  }

  std::string problems;
  if (strict && !report.missing.empty()) problems += "\n  missing in the state: " + listed(report.missing);
  if (strict && !report.unexpected.empty()) problems += "\n  unexpected in the state: " + listed(report.unexpected);
  for (const std::string& m : mismatched) problems += "\n  shapes differ: " + m;
  if (!problems.empty()) raise_runtime("load_state_dict: the state does not fit ", type_name(), ":", problems);

  NoGradGuard no_grad;
  for (auto& [to, from] : copies) to.assign(*from);
  evaluate_pending_writes();
  return report;
}

Module& Module::to(DType dtype) {
  if (!is_floating_point(dtype)) raise_type(type_name(), ": to() takes a floating type, but is given ", name_of(dtype));
  NoGradGuard no_grad;
  for (const auto& [path, m] : named_modules()) {
    auto convert = [&](Tensor& t) {
      if (!t.defined() || !is_floating_point(t.dtype()) || t.dtype() == dtype) return;
      // The handle stays the same, so that an optimiser made before still holds the module's parameters.
      t.impl()->rebind(cast(t, dtype).eval().value());
      if (Tensor g = t.grad(); g.defined()) t.set_grad(cast(g, dtype));
    };
    m->check_built(path);
    for (auto& [name, t] : m->parameters_) convert(t);
    for (auto& [name, t] : m->buffers_) convert(t);
  }
  return *this;
}

}  // namespace deepseek::nn
