// Nested Python data (dicts, lists, numbers, tensors) from and to Tree.
#pragma once
#include <string>

#include "binding.h"
#include "deepseek/files/tree.h"

namespace deepseek::python {

// `path` names the place in the error that an object of another type raises.
Tree to_tree(nb::handle object, const std::string& path);
nb::object from_tree(const Tree& tree);

// Computes all tensors and makes them row-major, so that what follows needs no graph and hence no Python lock.
void materialize(Tree& tree);
void materialize(NamedTensors& tensors);

nb::dict to_dict(const NamedTensors& tensors);
NamedTensors to_named_tensors(nb::handle mapping, const char* who);

}  // namespace deepseek::python
