// deepseek.nn.Module: the C++ class, as Python sees it.
#include "nn.h"

#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "deepseek/nn/init.h"
#include "errors.h"

namespace deepseek::python {

PyTypeObject* module_type;

namespace {

using nn::Module;

// Whether a method was overridden in Python: what nanobind makes is no Python function.
bool overridden(PyTypeObject* type, const char* method) {
  PyObject* f = PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), method);
  if (!f) return PyErr_Clear(), false;
  const bool python = f != nullptr && PyFunction_Check(f);
  Py_DECREF(f);
  return python;
}

void adopt(Module* m, PyObject* self) noexcept {
  m->set_python_self(self);
  PyTypeObject* type = Py_TYPE(self);
  m->python_forward = overridden(type, "forward");
  m->python_describes = overridden(type, "extra_repr");
}

// A count that another module holds is visible to the collector only when this handle is where it comes from.
int visit_children(const Module& m, visitproc visit, void* arg) {
  for (const auto& [name, child] : m.named_children()) {
    if (!child) continue;
    if (auto* o = static_cast<PyObject*>(child->python_self())) Py_VISIT(o);
    else if (child->use_count() == 1) {
      if (const int r = visit_children(*child, visit, arg)) return r;
    }
  }
  return 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  if (PyObject** dict = _PyObject_GetDictPtr(self)) Py_VISIT(*dict);
  Py_VISIT(Py_TYPE(self));
  Module* m = module_of(self);
  return m ? visit_children(*m, visit, arg) : 0;
}

int clear(PyObject* self) {
  if (PyObject** dict = _PyObject_GetDictPtr(self)) Py_CLEAR(*dict);
  if (Module* m = module_of(self)) m->clear();
  return 0;
}

PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_getattro, reinterpret_cast<void*>(module_getattr)},
                       {Py_tp_setattro, reinterpret_cast<void*>(module_setattr)},
                       {Py_tp_call, reinterpret_cast<void*>(module_call)},
                       {0, nullptr}};

nb::list named(const nn::NamedTensors& tensors) {
  nb::list out;
  for (const auto& [name, t] : tensors) out.append(nb::make_tuple(name, t));
  return out;
}

nb::list named(const nn::NamedModules& modules) {
  nb::list out;
  for (const auto& [name, m] : modules) out.append(nb::make_tuple(name, wrap(m.get())));
  return out;
}

nb::list values(const TensorList& tensors) {
  nb::list out;
  for (const Tensor& t : tensors) out.append(t);
  return out;
}

Tensor value_of(nb::handle o, const std::string& name) {
  Tensor t;
  if (!to_tensor(o.ptr(), &t)) raise_type("load_state_dict: '", name, "' is a ", Py_TYPE(o.ptr())->tp_name, ", not a tensor");
  return t;
}

TensorList inputs_of(const Module& m, const nb::args& args) {
  TensorList inputs;
  for (nb::handle h : args) {
    if (!is_tensor(h.ptr())) raise_type(m.type_name(), ": forward takes tensors, but is given a ", Py_TYPE(h.ptr())->tp_name);
    inputs.push_back(tensor_of(h.ptr()));
  }
  return inputs;
}

nb::object outputs_of(const TensorList& outputs) {
  if (outputs.size() == 1) return nb::cast(outputs[0]);
  return nb::tuple(values(outputs));
}

}  // namespace

Module* module_of(PyObject* o) {
  if (!PyObject_TypeCheck(o, module_type) || !nb::inst_ready(o)) return nullptr;
  return nb::inst_ptr<Module>(o);
}

nb::object wrap(Module* m) {
  if (!m) return nb::none();
  if (void* self = m->python_self()) return nb::borrow(static_cast<PyObject*>(self));
  return nb::cast(m, nb::rv_policy::take_ownership);
}

PyType_Slot collector_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                 {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                 {0, nullptr}};

DEEPSEEK_BINDING(nn_module, 60) {
  install_module_hooks();
  nb::class_<Module> cls(m, "Module", nb::dynamic_attr(), nb::is_weak_referenceable(), nb::intrusive_ptr<Module>(adopt),
                         nb::type_slots(slots),
                         "Base of all layers and networks: parameters, buffers and child modules under names, and `forward`.\n\n"
                         "Assigning a Module or a Parameter to an attribute registers it.");
  module_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  cls.def("__init__", [](Module* self) { new (self) Module(); });
  cls.def("forward", [](Module& self, nb::args args, nb::kwargs kwargs) {
    nn::NamedArguments named;
    for (auto [key, value] : kwargs) named.emplace_back(nb::cast<std::string>(key), named_argument(value.ptr()));
    const TensorList inputs = inputs_of(self, args);
    return outputs_of(named.empty() ? self.forward_many(inputs) : self.forward_named(inputs, named));
  }, "Computes the outputs; subclasses define it.");

  cls.def("register_parameter", [](Module& self, const std::string& name, const Tensor& param) { self.register_parameter(name, param); },
          nb::arg("name"), nb::arg("param").none(), "Adds a parameter under a name; None reserves the name.");
  cls.def("register_buffer", [](Module& self, const std::string& name, const Tensor& tensor, bool persistent) {
    self.register_buffer(name, tensor, persistent);
  }, nb::arg("name"), nb::arg("tensor").none(), nb::arg("persistent") = true,
          "Adds a tensor that is part of the state but is not trained; `persistent=False` keeps it out of state_dict.");
  const auto add_module = [](Module& self, const std::string& name, nb::handle child) {
    Module* c = child.is_none() ? nullptr : module_of(child.ptr());
    if (!c && !child.is_none()) raise_type("register_module: '", name, "' is a ", Py_TYPE(child.ptr())->tp_name, ", not a Module");
    self.register_module(name, Ref<Module>(c));
  };
  cls.def("register_module", add_module, nb::arg("name"), nb::arg("module").none(), "Adds a child module under a name.");
  cls.def("add_module", add_module, nb::arg("name"), nb::arg("module").none(), "The same as register_module.");
  cls.def("_remove", &Module::remove);

  cls.def("named_parameters", [](const Module& self, const std::string& prefix, bool recurse) {
    return nb::iter(named(self.named_parameters(prefix, recurse)));
  }, nb::arg("prefix") = "", nb::arg("recurse") = true, "Pairs (path, parameter); shared ones once.");
  cls.def("parameters", [](const Module& self, bool recurse) { return nb::iter(values(self.parameters(recurse))); },
          nb::arg("recurse") = true,
          "The parameters; raises when a layer has not learnt its input's width yet, so that an optimiser never gets too few.");
  cls.def("named_buffers", [](const Module& self, const std::string& prefix, bool recurse) {
    return nb::iter(named(self.named_buffers(prefix, recurse)));
  }, nb::arg("prefix") = "", nb::arg("recurse") = true, "Pairs (path, buffer).");
  cls.def("buffers", [](const Module& self, bool recurse) { return nb::iter(values(self.buffers(recurse))); },
          nb::arg("recurse") = true, "The buffers.");
  cls.def("named_modules", [](const Module& self, const std::string& prefix) { return nb::iter(named(self.named_modules(prefix))); },
          nb::arg("prefix") = "", "Pairs (path, module), this module first.");
  cls.def("modules", [](const Module& self) {
    nb::list out;
    for (const auto& [name, m] : self.named_modules()) out.append(wrap(m.get()));
    return nb::iter(out);
  }, "This module and all below it, each once.");
  cls.def("named_children", [](const Module& self) { return nb::iter(named(self.named_children())); }, "Pairs (name, child).");
  cls.def("children", [](const Module& self) {
    nb::list out;
    for (const auto& [name, m] : self.named_children()) out.append(wrap(m.get()));
    return nb::iter(out);
  }, "The modules directly below this one.");
  cls.def("get_submodule", [](const Module& self, const std::string& target) { return wrap(self.get_submodule(target).get()); },
          nb::arg("target"), "The module at a path such as 'layer1.0.conv1'.");
  cls.def("get_parameter", &Module::get_parameter, nb::arg("target"), "The parameter at a path such as 'layer1.0.conv1.weight'.");

  cls.def("state_dict", [](const Module& self, nb::handle, const std::string& prefix) {
    nb::dict out;
    for (const auto& [name, t] : self.state_dict(prefix)) out[name.c_str()] = t;
    return out;
  }, nb::arg("destination") = nb::none(), nb::arg("prefix") = "", "Parameters and persistent buffers by path; they share memory with the module.");
  cls.def("_load_state_dict", [](Module& self, nb::dict state, bool strict) {
    nn::StateDict given;
    for (auto [key, value] : state) {
      const std::string name = nb::str(key).c_str();
      given.emplace_back(name, value_of(value, name));
    }
    nn::LoadReport report = self.load_state_dict(given, strict);
    return nb::make_tuple(report.missing, report.unexpected);
  });

  cls.def_prop_rw("training", [](const Module& self) { return self.training; }, [](Module& self, bool on) { self.training = on; },
                  "Whether the module is in training mode.");
  cls.def("_train", [](Module& self, bool on) { self.train(on); });
  cls.def("_requires_grad", [](Module& self, bool on) { self.requires_grad_(on); });
  cls.def("zero_grad", [](Module& self, bool) { self.zero_grad(); }, nb::arg("set_to_none") = true, "Drops the parameters' gradients.");
  cls.def("_to", [](Module& self, DType dtype) { self.to(dtype); });
  cls.def("extra_repr", &Module::extra_repr, "What repr shows between the parentheses.");
  cls.def("__repr__", &Module::repr);
  cls.def("_summary", [](Module& self, nb::args example) { return self.summary(inputs_of(self, example)); });
  cls.def("_type_name", &Module::type_name);

  // What copies and pickles are made of.
  cls.def("_options", [](const Module& self) {
    nb::dict out;
    for (const auto& [name, value] : self.options()) out[nb::str(name.data(), name.size())] = nb::steal(checked(option_value(value)));
    return out;
  });
  cls.def("_built", &Module::built);
  cls.def("_own_parameters", [](const Module& self) { return named(self.own_parameters()); });
  cls.def("_own_buffers", [](const Module& self) {
    nb::list out;
    for (const auto& [name, t] : self.own_buffers()) out.append(nb::make_tuple(name, t, self.is_persistent(name)));
    return out;
  });
  cls.def_prop_rw("_python_forward", [](const Module& self) { return self.python_forward; },
                  [](Module& self, bool on) { self.python_forward = on; });
  m.def("_skip_init", [](bool on) { return std::exchange(nn::init::skip, on); });
}

}  // namespace deepseek::python
