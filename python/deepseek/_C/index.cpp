// x[...] and x[...] = v, iteration, len, in.
#include <optional>

#include "errors.h"
#include "functions.h"
#include "tensor_parts.h"

#include "deepseek/ops/core/core.h"
#include "deepseek/ops/index/indexing.h"

namespace deepseek::python {
namespace {

std::optional<int64_t> bound(PyObject* o) {
  if (o == Py_None) return std::nullopt;
  const Py_ssize_t v = PyNumber_AsSsize_t(o, nullptr);  // cut to the range, as Python's own slices do
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

IndexItem read_item(PyObject* o) {
  if (is_tensor(o)) return tensor_of(o);
  if (PyLong_Check(o) && !PyBool_Check(o)) {
    const Py_ssize_t v = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (v == -1 && PyErr_Occurred()) throw nb::python_error();
    return int64_t{v};
  }
  if (PySlice_Check(o)) {
    auto* s = reinterpret_cast<PySliceObject*>(o);
    return SliceItem{bound(s->start), bound(s->stop), bound(s->step)};
  }
  if (o == Py_None) return NewAxisItem{};
  if (o == Py_Ellipsis) return EllipsisItem{};
  if (PyFloat_Check(o) || PyUnicode_Check(o)) {
    raise_index("index: only ints, slices, ..., None, and integer or bool tensors can be indices, not ",
                Py_TYPE(o)->tp_name);
  }
  if (!PyBool_Check(o) && PyIndex_Check(o) && !PyObject_CheckBuffer(o))
    return read_item(nb::steal(checked(PyNumber_Index(o))).ptr());
  Tensor t = PyBool_Check(o) ? Tensor::from_vector<uint8_t>({o == Py_True}, {}) : tensor_from_data(o, std::nullopt);
  if (PyBool_Check(o)) return call_function("to", {t, DType::bool_});
  // An empty list has no type of its own.
  if (t.numel() == 0 && is_floating_point(t.dtype())) return call_function("to", {t, DType::int64});
  return t;
}

std::vector<IndexItem> read_items(PyObject* index) {
  std::vector<IndexItem> items;
  if (!PyTuple_Check(index)) {
    items.push_back(read_item(index));
    return items;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(index); ++i) items.push_back(read_item(PyTuple_GET_ITEM(index, i)));
  return items;
}

}  // namespace

Py_ssize_t length(PyObject* self) {
  return guarded(Py_ssize_t{-1}, [&]() -> Py_ssize_t {
    const Tensor& t = tensor_of(self);
    if (t.rank() == 0) raise_type("len: a 0-d tensor has no length");
    return t.shape()[0];
  });
}

PyObject* get_item(PyObject* self, PyObject* index) {
  return guarded(static_cast<PyObject*>(nullptr),
                 [&] { return wrap(deepseek::index(tensor_of(self), read_items(index))); });
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
  return guarded(-1, [&] {
    if (!value) raise_type("index: elements of a tensor cannot be deleted");
    Tensor v;
    if (!to_tensor(value, &v)) v = tensor_from_data(value, std::nullopt);
    index_assign(tensor_of(self), read_items(index), v);
    return 0;
  });
}

PyObject* iterate(PyObject* self) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (t.rank() == 0) raise_type("iteration over a 0-d tensor");
    nb::list rows;
    for (int64_t i = 0; i < t.shape()[0]; ++i) rows.append(call_function("select", {t, int64_t{0}, i}));
    return PyObject_GetIter(rows.ptr());
  });
}

int contains(PyObject* self, PyObject* value) {
  return guarded(-1, [&] {
    Tensor v;
    if (!to_tensor(value, &v)) raise_type("in: a tensor holds numbers, not ", Py_TYPE(value)->tp_name);
    return call_function("any", {call_function("eq", {tensor_of(self), v})}).item<bool>() ? 1 : 0;
  });
}

DEEPSEEK_BINDING(index, 34) {
  m.def("assign", [](nb::handle self, nb::handle value) {
    if (!is_tensor(self.ptr())) raise_type("assign: expected a tensor, but got ", Py_TYPE(self.ptr())->tp_name);
    Tensor v;
    if (!to_tensor(value.ptr(), &v)) v = tensor_from_data(value.ptr(), std::nullopt);
    Tensor& target = tensor_of(self.ptr());
    target.assign(call_function("expand", {cast(v, target.dtype()), target.shape()}));
    return nb::borrow(self);
  });
}

}  // namespace deepseek::python
