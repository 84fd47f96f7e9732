// Nested Python data (dicts, lists, numbers, tensors) from and to Tree.
#pragma once
#include <string>

#include "binding.h"
#include "deepseek/files/tree.h"

namespace deepseek::python {

// `path` names the place in the error that an object of another type raises.
Tree to_tree(nb::handle object, const std::string& path);
nb::object from_tree(const Tree& tree);

nb::dict to_dict(const NamedTensors& tensors);
NamedTensors to_named_tensors(nb::handle mapping, const char* who);

}  // namespace deepseek::python
