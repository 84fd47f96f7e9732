#include "deepseek/models/pretrained.h"

#include "errors.h"
#include "nn.h"
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace deepseek::python {

DEEPSEEK_BINDING(pretrained, 63) {
  m.def("_load_pretrained", [](nb::handle module, nb::dict state, bool strict) {
    nn::Module* target = module_of(module.ptr());
    if (!target) raise_type("load_pretrained: the model must be a Module, not a ", Py_TYPE(module.ptr())->tp_name);
    nn::StateDict given;
    for (auto [key, value] : state) {
      const std::string name = nb::str(key).c_str();
      Tensor t;
      if (!to_tensor(value.ptr(), &t))
        raise_type("load_pretrained: '", name, "' is a ", Py_TYPE(value.ptr())->tp_name, ", not a tensor");
      given.emplace_back(name, t);
    }
    const nn::LoadReport report = models::load_pretrained(*target, given, strict);
    return nb::make_tuple(report.missing, report.unexpected);
  });
}

}  // namespace deepseek::python
