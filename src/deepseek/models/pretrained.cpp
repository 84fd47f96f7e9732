#include "deepseek/models/pretrained.h"

#include <algorithm>
#include <map>
#include <set>

namespace deepseek::models {
namespace {

constexpr std::string_view bodies[] = {"bert.", "transformer."};

std::string with_new_end(std::string name, std::string_view end, std::string_view other) {
  if (name.ends_with(end)) name.replace(name.size() - end.size(), end.size(), other);
  return name;
}

bool stored_buffer(std::string_view name) {
  return name.ends_with("attn.bias") || name.ends_with("attn.masked_bias") || name.ends_with("position_ids");
}

bool any_starts(const nn::StateDict& state, std::string_view prefix) {
  return std::any_of(state.begin(), state.end(), [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

}  // namespace

nn::LoadReport load_pretrained(nn::Module& model, const nn::StateDict& state, bool strict) {
  const nn::StateDict own = model.state_dict();
  std::set<std::string, std::less<>> known;
  for (const auto& [name, t] : own) known.insert(name);
  std::string add, leave;
  for (std::string_view body : bodies) {
    if (any_starts(own, body) && !any_starts(state, body)) add = body;
    if (!any_starts(own, body) && any_starts(state, body)) leave = body;
  }
  nn::StateDict renamed;
  std::vector<std::string> unexpected;
  for (const auto& [from, t] : state) {
    std::string name = with_new_end(with_new_end(from, ".gamma", ".weight"), ".beta", ".bias");
    if (!leave.empty() && name.starts_with(leave)) name.erase(0, leave.size());
    if (!add.empty() && !known.contains(name)) name = add + name;
    if (known.contains(name))
      renamed.emplace_back(name, t);
    else if (!stored_buffer(name))
      unexpected.push_back(from);
  }
  nn::LoadReport report = model.load_state_dict(renamed, false);
  // Names by the tensor that they stand for: state_dict gives new handles, the modules' own are compared.
  std::map<const TensorImpl*, bool> filled;
  std::map<std::string, const TensorImpl*, std::less<>> tensor_of;
  for (const auto& [path, m] : model.named_modules()) {
    for (const auto* list : {&m->own_parameters(), &m->own_buffers()}) {
      for (const auto& [name, t] : *list) tensor_of[path.empty() ? name : path + "." + name] = t.impl();
    }
  }
  for (const auto& [name, t] : renamed) filled[tensor_of[name]] = true;
  std::erase_if(report.missing, [&](const std::string& name) { return filled[tensor_of[name]]; });
  report.unexpected = std::move(unexpected);
  if (strict && !report.missing.empty()) {
    raise_runtime("load_pretrained: ", report.missing.size(), " of ", own.size(), " names of ", model.type_name(),
                  " are missing in the state, the first is ", report.missing[0]);
  }
  return report;
}

}  // namespace deepseek::models
