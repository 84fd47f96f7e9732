#include <algorithm>
#include <string_view>
#include <vector>

#include "binding.h"

namespace deepseek::python {
namespace {
Binding* first = nullptr;
}

Binding::Binding(const char* name, int order, void (*add)(nb::module_&))
    : name(name), order(order), add(add), next(first) {
  first = this;
}

}  // namespace deepseek::python

NB_MODULE(_C, m) {
  using deepseek::python::Binding;
  std::vector<Binding*> bindings;
  for (Binding* b = deepseek::python::first; b; b = b->next) bindings.push_back(b);
  std::sort(bindings.begin(), bindings.end(), [](Binding* a, Binding* b) {
    return a->order != b->order ? a->order < b->order : std::string_view(a->name) < b->name;
  });
  for (Binding* b : bindings) b->add(m);
}
