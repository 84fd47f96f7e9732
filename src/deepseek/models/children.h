#pragma once
#include "deepseek/nn/module.h"

namespace deepseek::models {

// Children are looked up by name at each call, since a user may put another module in their place or take one away.
inline Tensor through(nn::Module& m, std::string_view child, const Tensor& x) {
  nn::Module* c = m.find_child(child);
  ensure(c != nullptr, m.type_name(), ": the child '", child, "' is missing");
  return (*c)(x);
}

}  // namespace deepseek::models
