// Optimizer::state_dict and load_state_dict.
#include <cstring>

#include "deepseek/ops/core/core.h"
#include "deepseek/optim/optimizer.h"

namespace deepseek::optim {
namespace {

// A computed tensor of its own memory, so that later steps do not change a saved state.
Tensor copied(const Tensor& t, DType dtype) {
  NoGradGuard no_grad;
  Tensor c = (t.dtype() == dtype ? t : cast(t, dtype)).contiguous_leaf();
  const Buffer& b = c.buffer();
  StorageRef storage = Storage::allocate(c.spec().bytes());
  std::memcpy(storage->data(), b.storage->data() + b.offset * size_of(dtype), static_cast<size_t>(c.spec().bytes()));
  return Tensor::from_storage(std::move(storage), dtype, c.shape());
}

}  // namespace

Tree Optimizer::state_dict() const {
  Tree states = TreeDict{};
  TreeList groups;
  int64_t index = 0;
  for (const auto& group : groups_) {
    Tree g;
    for (const auto& [name, value] : group->options) g.set(name, value);
    TreeList positions;
    for (const Tensor& param : group->params) {
      positions.items.emplace_back(index);
      if (auto it = states_.find(param.impl()); it != states_.end()) {
        Tree s;
        s.set("step", it->second.step);
        for (const auto& [name, v] : it->second.numbers) s.set(name, v);
        for (const auto& [name, t] : it->second.tensors) s.set(name, t);
        states.set(index, std::move(s));
      }
      ++index;
    }
    g.set("params", std::move(positions));
    groups.items.push_back(std::move(g));
  }
  Tree out;
  out.set("state", std::move(states));
  out.set("param_groups", std::move(groups));
  return out;
}

void Optimizer::load_state_dict(const Tree& dict) {
  const auto& groups = dict.at("param_groups", "the optimizer's state").items("param_groups");
  ensure(groups.size() == groups_.size(), "load_state_dict: the state has ", groups.size(), " parameter groups, the optimizer has ",
         groups_.size());
  const Tree& states = dict.at("state", "the optimizer's state");
  states.dict("state");

  // Everything is read before anything changes: a refused state leaves the optimizer as it was.
  std::vector<Options> options;
  std::unordered_map<const TensorImpl*, ParamState> loaded;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto& positions = groups[i].at("params", "a parameter group").items("params");
    const TensorList& params = groups_[i]->params;
    ensure(positions.size() == params.size(), "load_state_dict: group ", i, " has ", positions.size(),
           " parameters in the state and ", params.size(), " in the optimizer");
    Options o = groups_[i]->options;
    const TreeDict& entries = groups[i].dict("a parameter group");
    for (size_t k = 0; k < entries.keys.size(); ++k) {
      const auto* name = std::get_if<std::string>(&entries.keys[k]);
      if (name && *name != "params") o[*name] = entries.values[k];
    }
    options.push_back(std::move(o));
    for (size_t k = 0; k < params.size(); ++k) {
      const Tree* s = states.find(positions[k].integer("params"));
      if (!s) continue;
      ParamState state;
      const TreeDict& d = s->dict("state of a parameter");
      for (size_t j = 0; j < d.keys.size(); ++j) {
        const auto* name = std::get_if<std::string>(&d.keys[j]);
        const Tree& value = d.values[j];
        if (!name || value.is_none()) continue;
        if (*name == "step") {
          state.step = value.number("step");
        } else if (const auto* t = std::get_if<Tensor>(&value.variant()); t && t->shape() == params[k].shape()) {
          const DType own = params[k].dtype();
          state.tensors[*name] = copied(*t, size_of(own) == 2 ? DType::float32 : own);
        } else if (value.is<Tensor>() && value.tensor(*name).numel() != 1) {
          raise_value("load_state_dict: '", *name, "' of parameter ", positions[k].integer("params"), " has shape ",
                      to_string(value.tensor(*name).shape()), ", the parameter has ", to_string(params[k].shape()));
        } else {
          state.numbers[*name] = value.number(*name);
        }
      }
      loaded[params[k].impl()] = std::move(state);
    }
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    ParamGroup candidate{groups_[i]->params, options[i]};
    check(candidate);
  }
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i]->options = std::move(options[i]);
  states_ = std::move(loaded);
}

}  // namespace deepseek::optim
