#include "deepseek/nn/arguments.h"

#include <algorithm>

namespace deepseek::nn {

Arguments::Arguments(const Module& module, std::initializer_list<std::string_view> tensors, size_t required,
                     std::initializer_list<std::string_view> flags, const TensorList& inputs,
                     const NamedArguments& named)
    : tensors_(inputs), flags_(flags.size(), false) {
  const std::string type = module.type_name();
  if (inputs.size() > tensors.size()) {
    raise_type(type, ": forward takes at most ", tensors.size(), " tensors, but ", inputs.size(), " are given");
  }
  tensors_.resize(tensors.size());
  std::vector<bool> given(tensors.size(), false);
  std::fill_n(given.begin(), inputs.size(), true);
  for (const auto& [name, value] : named) {
    const auto* flag = std::find(flags.begin(), flags.end(), name);
    const auto* place = std::find(tensors.begin(), tensors.end(), name);
    if (flag != flags.end()) {
      if (std::holds_alternative<std::monostate>(value)) continue;
      const auto* on = std::get_if<bool>(&value);
      if (!on) raise_type(type, ": ", name, " must be a bool");
      flags_[static_cast<size_t>(flag - flags.begin())] = *on;
    } else if (place != tensors.end()) {
      const auto at = static_cast<size_t>(place - tensors.begin());
      if (given[at]) raise_type(type, ": ", name, " is given twice");
      given[at] = true;
      if (const auto* t = std::get_if<Tensor>(&value))
        tensors_[at] = *t;
      else if (!std::holds_alternative<std::monostate>(value))
        raise_type(type, ": ", name, " must be a tensor");
    } else {
      raise_type(type, ": forward has no argument '", name, "'");
    }
  }
  for (size_t i = 0; i < required; ++i) {
    if (!tensors_[i].defined()) raise_type(type, ": ", std::data(tensors)[i], " must be given as a tensor");
  }
}

}  // namespace deepseek::nn
