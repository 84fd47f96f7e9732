// dtype objects: deepseek.float32 and its kin, one object per element type.
#include <cstring>

#include "errors.h"
#include "tensor.h"

namespace deepseek::python {

PyTypeObject* dtype_type;

namespace {

struct PyDType {
  PyObject_HEAD DType dtype;
};
PyObject* objects[dtype_count];

DType dtype_of_object(PyObject* o) {
  return reinterpret_cast<PyDType*>(o)->dtype;
}
std::string text_of(PyObject* o) {
  return "deepseek." + std::string(name_of(dtype_of_object(o)));
}

PyObject* dtype_repr(PyObject* self) {
  return PyUnicode_FromString(text_of(self).c_str());
}
PyObject* dtype_name(PyObject* self, void*) {
  const std::string_view name = name_of(dtype_of_object(self));
  return PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size()));
}
PyObject* dtype_itemsize(PyObject* self, void*) {
  return PyLong_FromLongLong(size_of(dtype_of_object(self)));
}
PyObject* dtype_is_floating(PyObject* self, void*) {
  return PyBool_FromLong(is_floating_point(dtype_of_object(self)));
}
PyObject* dtype_is_signed(PyObject* self, void*) {
  const DType t = dtype_of_object(self);
  return PyBool_FromLong(t != DType::bool_ && t != DType::uint8);
}
PyObject* dtype_is_complex(PyObject*, void*) {
  Py_RETURN_FALSE;
}

// A string: pickle writes the global deepseek.<name>, which is the same object after loading.
PyObject* dtype_reduce(PyObject* self, PyObject*) {
  return dtype_name(self, nullptr);
}
PyObject* dtype_new(PyTypeObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError, "dtype objects are not made: use deepseek.float32, deepseek.int64, ...");
  return nullptr;
}

PyGetSetDef properties[] = {{"name", dtype_name, nullptr, "The name without the module.", nullptr},
                            {"itemsize", dtype_itemsize, nullptr, "Bytes of one element.", nullptr},
                            {"is_floating_point", dtype_is_floating, nullptr, "Whether it is a float type.", nullptr},
                            {"is_signed", dtype_is_signed, nullptr, "Whether it has negative values.", nullptr},
                            {"is_complex", dtype_is_complex, nullptr, "Always false.", nullptr},
                            {}};
PyMethodDef methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, nullptr}, {}};
PyType_Slot slots[] = {{Py_tp_repr, reinterpret_cast<void*>(dtype_repr)},
                       {Py_tp_new, reinterpret_cast<void*>(dtype_new)},
                       {Py_tp_getset, properties},
                       {Py_tp_methods, methods},
                       {Py_tp_doc, const_cast<char*>("The element type of a tensor.")},
                       {0, nullptr}};
PyType_Spec spec = {"deepseek.dtype", sizeof(PyDType), 0, Py_TPFLAGS_DEFAULT, slots};

// numpy's scalar types and dtypes have or are what has a `name`.
bool from_numpy_type(PyObject* o, DType* out) {
  PyObject* module = PyObject_GetAttrString(
      reinterpret_cast<PyObject*>(PyType_Check(o) ? reinterpret_cast<PyTypeObject*>(o) : Py_TYPE(o)), "__module__");
  const char* text = module && PyUnicode_Check(module) ? PyUnicode_AsUTF8(module) : nullptr;
  const bool numpy = text && std::strncmp(text, "numpy", 5) == 0;
  Py_XDECREF(module);
  PyObject* name = numpy ? PyObject_GetAttrString(o, PyType_Check(o) ? "__name__" : "name") : nullptr;
  const char* c = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  const bool known = c && parse_dtype(std::strcmp(c, "bool_") == 0 ? "bool" : c, out);
  Py_XDECREF(name);
  PyErr_Clear();
  return known;
}

}  // namespace

PyObject* wrap(DType t) {
  PyObject* o = objects[static_cast<int>(t)];
  Py_INCREF(o);
  return o;
}

bool to_dtype(PyObject* o, DType* out) {
  if (Py_TYPE(o) == dtype_type) return *out = dtype_of_object(o), true;
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return *out = modes.default_dtype, true;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return *out = DType::int64, true;
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return *out = DType::bool_, true;
  return from_numpy_type(o, out);
}

DEEPSEEK_BINDING(dtype, 14) {
  dtype_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&spec)));
  m.attr("dtype") = nb::handle(reinterpret_cast<PyObject*>(dtype_type));
  nb::dict table;
  for (int i = 0; i < dtype_count; ++i) {
    PyDType* o = PyObject_New(PyDType, dtype_type);
    checked(reinterpret_cast<PyObject*>(o));
    o->dtype = static_cast<DType>(i);
    objects[i] = reinterpret_cast<PyObject*>(o);
    table[std::string(name_of(o->dtype)).c_str()] = nb::handle(objects[i]);
  }
  for (const auto& [alias, t] : {std::pair{"half", DType::float16},
                                 {"float", DType::float32},
                                 {"double", DType::float64},
                                 {"short", DType::int16},
                                 {"int", DType::int32},
                                 {"long", DType::int64}}) {
    table[alias] = nb::handle(objects[static_cast<int>(t)]);
  }
  m.attr("dtypes") = table;
}

}  // namespace deepseek::python
