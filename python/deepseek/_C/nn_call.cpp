// Calling modules from Python, and Python's forward from C++.
#include "errors.h"
#include "gil.h"
#include "nn.h"
#include "deepseek/nn/symbolic.h"

namespace deepseek::python {
namespace {

// Functions of deepseek/nn/_module.py, looked up once.
PyObject* helper(const char* name) {
  static PyObject* module = checked(PyImport_ImportModule("deepseek.nn._module"));
  return checked(PyObject_GetAttrString(module, name));
}

struct Found {
  bool symbolic = false;
  bool only_tensors = true;
};

// Looks for symbolic tensors among arguments, also inside tuples, lists and dicts.
void look(PyObject* o, Found& found, bool top = true) {
  if (is_tensor(o)) {
    found.symbolic |= nn::is_symbolic(tensor_of(o));
    return;
  }
  if (top) found.only_tensors = false;
  if (PyTuple_Check(o) || PyList_Check(o)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) look(PySequence_Fast_GET_ITEM(o, i), found, false);
  } else if (PyDict_Check(o)) {
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(o, &at, &key, &value);) look(value, found, false);
  }
}

void flatten(PyObject* o, TensorList& out) {
  if (is_tensor(o)) out.push_back(tensor_of(o));
  else if (PyTuple_Check(o) || PyList_Check(o)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) flatten(PySequence_Fast_GET_ITEM(o, i), out);
  } else if (PyDict_Check(o)) {
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(o, &at, &key, &value);) flatten(value, out);
  }
}

nb::object wrapped(const TensorList& tensors) {
  if (tensors.size() == 1) return nb::steal(checked(wrap(tensors[0])));
  nb::object tuple = nb::steal(checked(PyTuple_New(static_cast<Py_ssize_t>(tensors.size()))));
  for (size_t i = 0; i < tensors.size(); ++i) PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i), checked(wrap(tensors[i])));
  return tuple;
}

// forward between Python's hooks.
nb::object run(PyObject* self, PyObject* args, PyObject* kwargs) {
  static PyObject* forward = PyUnicode_InternFromString("forward");
  static PyObject* hooks = PyUnicode_InternFromString("_forward_hooks");
  if (PyObject** dict = _PyObject_GetDictPtr(self); dict && *dict && PyDict_Contains(*dict, hooks) == 1 && !modes.shape_only) {
    static PyObject* call = helper("_call_with_hooks");
    nb::object all = nb::steal(checked(PyTuple_Pack(3, self, args, kwargs ? kwargs : Py_None)));
    return nb::steal(checked(PyObject_CallObject(call, all.ptr())));
  }
  nb::object method = nb::steal(checked(PyObject_GetAttr(self, forward)));
  return nb::steal(checked(PyObject_Call(method.ptr(), args, kwargs)));
}

TensorList python_forward(nn::Module& m, const TensorList& inputs) {
  WithPython lock;
  nb::object args = nb::steal(checked(PyTuple_New(static_cast<Py_ssize_t>(inputs.size()))));
  for (size_t i = 0; i < inputs.size(); ++i) PyTuple_SET_ITEM(args.ptr(), static_cast<Py_ssize_t>(i), checked(wrap(inputs[i])));
  nb::object result = run(static_cast<PyObject*>(m.python_self()), args.ptr(), nullptr);
  TensorList out;
  flatten(result.ptr(), out);
  if (out.empty()) raise_type(m.type_name(), ": forward must return tensors, but returned a ", Py_TYPE(result.ptr())->tp_name);
  return out;
}

}  // namespace

PyObject* module_call(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    nn::Module* m = module_of(self);
    if (!m) raise_runtime(Py_TYPE(self)->tp_name, ": call super().__init__() before the module is called");
    Found found;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) look(PyTuple_GET_ITEM(args, i), found);
    if (kwargs && PyDict_GET_SIZE(kwargs)) look(kwargs, found, false), found.only_tensors = false;
    if (!m->python_forward && found.only_tensors) {
      TensorList inputs;
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) inputs.push_back(tensor_of(PyTuple_GET_ITEM(args, i)));
      return wrapped(m->call(inputs)).release().ptr();
    }
    Ref<nn::Module> alive(m);
    if (found.symbolic && !modes.shape_only) {
      static PyObject* call = helper("_symbolic_call");
      nb::object all = nb::steal(checked(PyTuple_Pack(3, self, args, kwargs ? kwargs : Py_None)));
      return checked(PyObject_CallObject(call, all.ptr()));
    }
    LayerScope scope(m->scope_name());
    if (!nn::call_observer) return run(self, args, kwargs).release().ptr();
    nn::call_observer->enter(*m);
    nb::object result = run(self, args, kwargs);
    TensorList outputs;
    flatten(result.ptr(), outputs);
    nn::call_observer->leave(*m, outputs);
    return result.release().ptr();
  });
}

Argument named_argument(PyObject* o) {
  if (o == Py_None) return {};
  if (is_tensor(o)) return tensor_of(o);
  if (PyBool_Check(o)) return o == Py_True;
  if (PyLong_Check(o)) return static_cast<int64_t>(PyLong_AsLongLong(o));
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  raise_type("forward: arguments are tensors, numbers or None, not ", Py_TYPE(o)->tp_name);
}

void install_module_hooks() {
  nn::python_hooks.retain = [](void* self) {
    WithPython lock;
    Py_INCREF(static_cast<PyObject*>(self));
  };
  nn::python_hooks.release = [](void* self) { drop(static_cast<PyObject*>(self)); };
  nn::python_hooks.forward = python_forward;
  nn::python_hooks.type_name = [](const nn::Module& m) {
    const std::string_view name = Py_TYPE(static_cast<PyObject*>(m.python_self()))->tp_name;
    return std::string(name.substr(name.rfind('.') + 1));
  };
  nn::python_hooks.extra_repr = [](const nn::Module& m) {
    WithPython lock;
    nb::object text = nb::handle(static_cast<PyObject*>(m.python_self())).attr("extra_repr")();
    return std::string(nb::str(text).c_str());
  };
}

}  // namespace deepseek::python
