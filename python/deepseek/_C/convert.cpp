// Reading Python objects as arguments. None of these leaves a Python error behind.
#include "array.h"
#include "functions.h"
#include "tensor.h"

namespace deepseek::python {
namespace {

// Ints and what acts as one (numpy integers, 0-d integer tensors), but not floats. A bool is rather an argument in the wrong place.
bool to_int(PyObject* o, int64_t* out) {
  if (PyLong_CheckExact(o)) {
    int overflow = 0;
    *out = PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow == 0;
  }
  if (PyBool_Check(o) || !PyIndex_Check(o)) return false;
  PyObject* number = PyNumber_Index(o);
  if (!number) return PyErr_Clear(), false;
  int overflow = 0;
  *out = PyLong_AsLongLongAndOverflow(number, &overflow);
  Py_DECREF(number);
  return overflow == 0;
}

bool to_double(PyObject* o, double* out) {
  if (PyUnicode_Check(o) || PyBytes_Check(o)) return false;
  *out = PyFloat_AsDouble(o);
  if (*out == -1 && PyErr_Occurred()) return PyErr_Clear(), false;
  return true;
}

// bool and numpy's bool, and 0-d tensors of bool; an int is rather an argument in the wrong place.
bool to_bool(PyObject* o, bool* out) {
  if (PyBool_Check(o)) return *out = o == Py_True, true;
  DType t;
  const bool one = is_tensor(o)
                       ? tensor_of(o).dtype() == DType::bool_ && tensor_of(o).numel() == 1
                       : !PyType_Check(o) && to_dtype(reinterpret_cast<PyObject*>(Py_TYPE(o)), &t) && t == DType::bool_;
  const int truth = one ? PyObject_IsTrue(o) : -1;
  if (truth < 0) return PyErr_Clear(), false;
  return *out = truth == 1, true;
}

bool to_tensors(PyObject* o, TensorList* out) {
  if (!PyTuple_Check(o) && !PyList_Check(o)) {
    if (!is_tensor(o) || tensor_of(o).rank() == 0) return false;
    PyObject* list = PySequence_List(o);
    if (!list) return PyErr_Clear(), false;
    const bool ok = to_tensors(list, out);
    Py_DECREF(list);
    return ok;
  }
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  out->reserve(static_cast<size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    Tensor t;
    if (!to_tensor(PySequence_Fast_GET_ITEM(o, i), &t)) return false;
    out->push_back(std::move(t));
  }
  return true;
}

// With `with_none` None among the numbers stands for -1.
bool to_dims(PyObject* o, Dims* out, bool with_none) {
  if (PyTuple_Check(o) || PyList_Check(o)) {
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    if (n > max_rank) return false;
    Dims dims;
    for (Py_ssize_t i = 0; i < n; ++i) {
      int64_t v;
      PyObject* item = PySequence_Fast_GET_ITEM(o, i);
      if (with_none && item == Py_None) v = -1;
      else if (!to_int(item, &v)) return false;
      dims.push_back(v);
    }
    *out = dims;
    return true;
  }
  int64_t one;
  if (PyLong_Check(o) || !PySequence_Check(o)) return to_int(o, &one) && (*out = Dims{one}, true);
  if (is_tensor(o) && tensor_of(o).rank() == 0) return to_int(o, &one) && (*out = Dims{one}, true);
  if (PyUnicode_Check(o)) return false;
  PyObject* list = PySequence_List(o);
  if (!list) return PyErr_Clear(), false;
  const bool ok = to_dims(list, out, with_none);
  Py_DECREF(list);
  return ok;
}

}  // namespace

bool convert(const Parameter& p, PyObject* o, Argument* out) {
  if (p.kind == ParamKind::tensor) {
    if (is_tensor(o)) return out->emplace<Tensor>(tensor_of(o)), true;
    if (o != Py_None) return to_tensor(o, &out->emplace<Tensor>());
  }
  if (o == Py_None) {
    // torch reads None as "not given" for parameters that have a default.
    if (p.optional) return *out = std::monostate(), true;
    return p.has_default && (*out = p.standard, true);
  }
  switch (p.kind) {
    case ParamKind::tensor:
      return false;
    case ParamKind::tensors:
      return to_tensors(o, &out->emplace<TensorList>());
    case ParamKind::integer:
      return to_int(o, &out->emplace<int64_t>());
    case ParamKind::number:
      return to_double(o, &out->emplace<double>());
    case ParamKind::boolean:
      return to_bool(o, &out->emplace<bool>());
    case ParamKind::dtype:
      return to_dtype(o, &out->emplace<DType>());
    case ParamKind::ints:
      return to_dims(o, &out->emplace<Dims>(), p.text == "output_size");
    case ParamKind::sections:
      return to_sections(o, &out->emplace<Sections>(0));
    case ParamKind::padding:
      return to_padding(o, &out->emplace<Padding>(0));
    case ParamKind::order:
      if (!PyUnicode_Check(o)) return to_double(o, &out->emplace<double>());
      [[fallthrough]];
    case ParamKind::string: {
      if (!PyUnicode_Check(o)) return false;
      const char* text = PyUnicode_AsUTF8(o);
      if (!text) return PyErr_Clear(), false;
      return *out = std::string(text), true;
    }
  }
  return false;
}

bool to_dims(PyObject* o, Dims* out) { return to_dims(o, out, false); }

bool to_sections(PyObject* o, Sections* out) {
  int64_t one;
  const bool scalar = is_tensor(o) ? tensor_of(o).rank() == 0 : PyLong_Check(o) || !PySequence_Check(o);
  if (scalar) return to_int(o, &one) && (*out = Sections(one), true);
  if (PyUnicode_Check(o)) return false;
  PyObject* list = PySequence_List(o);
  if (!list) return PyErr_Clear(), false;
  *out = Sections(std::vector<int64_t>());
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(list); ++i) {
    ok = to_int(PyList_GET_ITEM(list, i), &one);
    out->list.push_back(one);
  }
  Py_DECREF(list);
  return ok;
}

bool to_padding(PyObject* o, Padding* out) {
  if (PyUnicode_Check(o)) {
    const char* text = PyUnicode_AsUTF8(o);
    if (!text) return PyErr_Clear(), false;
    *out = Padding(text);
    return true;
  }
  Dims dims;
  if (!to_dims(o, &dims)) return false;
  *out = Padding(dims);
  return true;
}

bool to_tensor(PyObject* o, Tensor* out) {
  if (is_tensor(o)) return *out = tensor_of(o), true;
  if (PyFloat_Check(o)) return *out = Tensor(PyFloat_AS_DOUBLE(o)), true;
  if (PyBool_Check(o)) return *out = Tensor(o == Py_True), true;
  if (PyLong_Check(o)) {
    int64_t v;
    if (!to_int(o, &v)) return false;
    *out = Tensor(v);
    return true;
  }
  try {
    return tensor_from_array(o, out);
  } catch (...) {
    PyErr_Clear();
    return false;
  }
}

PyObject* wrap(const Dims& dims) {
  PyObject* tuple = PyTuple_New(dims.size());
  if (!tuple) return nullptr;
  for (int i = 0; i < dims.size(); ++i) {
    PyObject* number = PyLong_FromLongLong(dims[i]);
    if (!number) return Py_DECREF(tuple), nullptr;
    PyTuple_SET_ITEM(tuple, i, number);
  }
  return tuple;
}

}  // namespace deepseek::python
