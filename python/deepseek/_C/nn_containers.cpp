// Containers, the functional Model, symbolic inputs and initialisers.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "deepseek/nn/init.h"
#include "deepseek/nn/model.h"
#include "deepseek/nn/sequential.h"
#include "errors.h"
#include "gil.h"
#include "nn.h"

namespace deepseek::python {
namespace {

Ref<nn::Module> child_of(nb::handle o, const char* container) {
  nn::Module* m = module_of(o.ptr());
  if (!m) raise_type(container, ": entries must be modules, but there is a ", Py_TYPE(o.ptr())->tp_name);
  return Ref<nn::Module>(m);
}

Tensor parameter_of(nb::handle o, const char* container) {
  Tensor t;
  if (!to_tensor(o.ptr(), &t)) raise_type(container, ": entries must be tensors, but there is a ", Py_TYPE(o.ptr())->tp_name);
  return t.impl()->parameter ? t : nn::make_parameter(t);
}

// (name, value) of a mapping or of a sequence of pairs.
template <class F>
void each_pair(nb::handle o, F&& f) {
  if (o.is_none()) return;
  nb::object items = nb::hasattr(o, "items") ? o.attr("items")() : nb::borrow(o);
  for (nb::handle pair : items) f(nb::cast<std::string>(pair[0]), nb::object(pair[1]));
}

TensorList tensors_of(nb::handle o, const char* what) {
  TensorList out;
  auto one = [&](nb::handle h) {
    if (!is_tensor(h.ptr())) raise_type("Model: ", what, " must be symbolic tensors, but there is a ", Py_TYPE(h.ptr())->tp_name);
    out.push_back(tensor_of(h.ptr()));
  };
  if (is_tensor(o.ptr())) one(o);
  else for (nb::handle h : nb::cast<nb::sequence>(o)) one(h);
  return out;
}

TensorList list_of(nb::handle o) {
  TensorList out;
  for (nb::handle h : o) out.push_back(tensor_of(h.ptr()));
  return out;
}

nb::list to_list(const TensorList& tensors) {
  nb::list out;
  for (const Tensor& t : tensors) out.append(t);
  return out;
}

}  // namespace

DEEPSEEK_BINDING(nn_containers, 62) {
  nb::class_<nn::Sequential, nn::Module>(
      m, "Sequential", nb::type_slots(collector_slots), "Calls modules one after another: Sequential(*modules), or Sequential({name: module}).")
      .def("__init__", [](nn::Sequential* self, nb::args modules) {
        auto made = std::make_unique<nn::Sequential>();  // a failure below must not leave half an object
        if (modules.size() == 1 && nb::hasattr(modules[0], "items")) {
          each_pair(modules[0], [&](const std::string& name, nb::object m) { made->register_module(name, child_of(m, "Sequential")); });
        } else {
          for (nb::handle m : modules) made->append(child_of(m, "Sequential"));
        }
        new (self) nn::Sequential();
        for (const auto& [name, child] : made->named_children()) self->register_module(name, child);
      });
  nb::class_<nn::ModuleList, nn::Module>(m, "ModuleList", nb::type_slots(collector_slots), "Modules in a list; not callable itself.")
      .def("__init__", [](nn::ModuleList* self, nb::object modules) {
        std::vector<Ref<nn::Module>> list;
        if (!modules.is_none()) {
          for (nb::handle m : modules) list.push_back(child_of(m, "ModuleList"));
        }
        new (self) nn::ModuleList(list);
      }, nb::arg("modules") = nb::none());
  nb::class_<nn::ModuleDict, nn::Module>(m, "ModuleDict", nb::type_slots(collector_slots), "Modules under names; not callable itself.")
      .def("__init__", [](nn::ModuleDict* self, nb::object modules) {
        nn::NamedModules list;
        each_pair(modules, [&](const std::string& name, nb::object m) { list.emplace_back(name, child_of(m, "ModuleDict")); });
        new (self) nn::ModuleDict();
        for (auto& [name, child] : list) self->register_module(name, child);
      }, nb::arg("modules") = nb::none());
  nb::class_<nn::ParameterList, nn::Module>(m, "ParameterList", nb::type_slots(collector_slots), "Parameters in a list.")
      .def("__init__", [](nn::ParameterList* self, nb::object values) {
        TensorList list;
        if (!values.is_none()) {
          for (nb::handle v : values) list.push_back(parameter_of(v, "ParameterList"));
        }
        new (self) nn::ParameterList();
        for (const Tensor& t : list) self->append(t);
      }, nb::arg("values") = nb::none());
  nb::class_<nn::ParameterDict, nn::Module>(m, "ParameterDict", nb::type_slots(collector_slots), "Parameters under names.")
      .def("__init__", [](nn::ParameterDict* self, nb::object parameters) {
        nn::NamedTensors list;
        each_pair(parameters, [&](const std::string& name, nb::object v) { list.emplace_back(name, parameter_of(v, "ParameterDict")); });
        new (self) nn::ParameterDict();
        for (auto& [name, t] : list) self->register_parameter(name, t);
      }, nb::arg("parameters") = nb::none());

  nb::class_<nn::Model, nn::Module>(m, "Model", nb::type_slots(collector_slots),
                                    "A network from a graph of symbolic tensors: Model(inputs, outputs).\n\n"
                                    "The layers called between become children; the batch size stays open.")
      .def("__init__", [](nn::Model* self, nb::handle inputs, nb::handle outputs) {
        new (self) nn::Model(tensors_of(inputs, "inputs"), tensors_of(outputs, "outputs"));
      }, nb::arg("inputs"), nb::arg("outputs"))
      .def_prop_ro("inputs", [](const nn::Model& self) { return to_list(self.inputs()); }, "The symbolic inputs.")
      .def_prop_ro("outputs", [](const nn::Model& self) { return to_list(self.outputs()); }, "The symbolic outputs.")
      .def("_clone", [](const nn::Model& self, nb::callable replacement) {
        Ref<nn::Model> copy = self.clone([&](nn::Module& child) {
          nb::object stand_in = replacement(wrap(&child));
          return Ref<nn::Module>(module_of(stand_in.ptr()));
        });
        return wrap(copy.get());
      });

  m.def("Input", [](nb::object shape, std::optional<int64_t> batch_size, std::optional<DType> dtype) {
    nb::object sizes = shape;
    // (None, 28, 28) names the open batch itself.
    if (nb::isinstance<nb::sequence>(shape) && nb::len(shape) > 0 && shape[0].is_none()) sizes = nb::steal(checked(PySequence_GetSlice(shape.ptr(), 1, nb::len(shape))));
    Dims dims;
    if (!to_dims(sizes.ptr(), &dims)) {
      raise_type("Input: shape must be sizes without the batch (which is open), but is ", nb::repr(shape).c_str());
    }
    return nn::Input(dims, dtype.value_or(modes.default_dtype), batch_size);
  }, nb::arg("shape"), nb::arg("batch_size") = nb::none(), nb::arg("dtype") = nb::none(),
        "A symbolic tensor of shape (batch, *shape) from which a Model is built; the batch size is open unless given.");
  m.def("is_symbolic", &nn::is_symbolic, nb::arg("tensor"), "Whether a tensor stands for values that are not known yet.");
  m.def("symbolic_shape", [](const Tensor& t) { return nn::symbolic_shape(t.shape()); }, "The shape as text, None for the open batch.");
  m.def("_forget_calls", &nn::forget_calls);
  m.def("_record_call", [](nb::handle module, nb::list inputs, nb::callable run) {
    nn::Module* target = module_of(module.ptr());
    SharedObject function{nb::object(run)};
    return to_list(nn::record_call(*target, list_of(inputs), [function](nn::Module& m, const TensorList& in) {
      WithPython lock;
      return list_of(function.handle()(wrap(&m), to_list(in)));
    }));
  });
  m.def("_make_parameter", [](const Tensor& data, bool requires_grad) { return nn::make_parameter(data, requires_grad); });
  m.def("_shape_only", [] { return modes.shape_only; });

  nb::module_ init = m.def_submodule("init", "Initial values of parameters, in place.");
  using namespace nn::init;
  init.def("uniform_", &uniform_, nb::arg("tensor"), nb::arg("a") = 0.0, nb::arg("b") = 1.0, "Uniform in [a, b).");
  init.def("normal_", &normal_, nb::arg("tensor"), nb::arg("mean") = 0.0, nb::arg("std") = 1.0, "Normal.");
  init.def("trunc_normal_", &trunc_normal_, nb::arg("tensor"), nb::arg("mean") = 0.0, nb::arg("std") = 1.0, nb::arg("a") = -2.0,
           nb::arg("b") = 2.0, "Normal, cut off at a and b.");
  init.def("constant_", &constant_, nb::arg("tensor"), nb::arg("val"), "One value everywhere.");
  init.def("ones_", &ones_, nb::arg("tensor"), "Ones.");
  init.def("zeros_", &zeros_, nb::arg("tensor"), "Zeros.");
  init.def("eye_", &eye_, nb::arg("tensor"), "Ones on the diagonal of a matrix, zeros elsewhere.");
  init.def("xavier_uniform_", &xavier_uniform_, nb::arg("tensor"), nb::arg("gain") = 1.0, "Glorot and Bengio's uniform values.");
  init.def("xavier_normal_", &xavier_normal_, nb::arg("tensor"), nb::arg("gain") = 1.0, "Glorot and Bengio's normal values.");
  init.def("kaiming_uniform_", &kaiming_uniform_, nb::arg("tensor"), nb::arg("a") = 0.0, nb::arg("mode") = "fan_in",
           nb::arg("nonlinearity") = "leaky_relu", "He's uniform values.");
  init.def("kaiming_normal_", &kaiming_normal_, nb::arg("tensor"), nb::arg("a") = 0.0, nb::arg("mode") = "fan_in",
           nb::arg("nonlinearity") = "leaky_relu", "He's normal values.");
  init.def("orthogonal_", &orthogonal_, nb::arg("tensor"), nb::arg("gain") = 1.0, "Rows or columns orthonormal.");
  init.def("calculate_gain", &calculate_gain, nb::arg("nonlinearity"), nb::arg("param") = nb::none(),
           "The factor that keeps the variance through a nonlinearity.");
}

}  // namespace deepseek::python
