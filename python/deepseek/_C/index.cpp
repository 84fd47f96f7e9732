// x[...] and x[...] = v, iteration, len, in.
#include "errors.h"
#include "functions.h"
#include "tensor_parts.h"

namespace deepseek::python {
namespace {

int64_t read_int(PyObject* o) {
  const Py_ssize_t v = PyNumber_AsSsize_t(o, PyExc_IndexError);
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

// How many dims of the tensor an item takes.
int taken(PyObject* item) { return item == Py_None || item == Py_Ellipsis ? 0 : 1; }

Tensor take(const Tensor& t, nb::tuple items) {
  int used = 0;
  for (nb::handle item : items) used += taken(item.ptr());
  if (used > t.rank()) raise_index("index: too many indices: ", used, " for a tensor of shape ", to_string(t.shape()));
  Tensor result = t;
  int64_t dim = 0;
  for (nb::handle item : items) {
    PyObject* o = item.ptr();
    if (o == Py_None) {
      result = call_function("unsqueeze", {result, dim++});
    } else if (o == Py_Ellipsis) {
      dim += t.rank() - used;
    } else if (PySlice_Check(o)) {
      Py_ssize_t start, stop, step;
      if (PySlice_Unpack(o, &start, &stop, &step) < 0) throw nb::python_error();
      ensure(step > 0, "index: the step of a slice must be positive, but is ", step);
      const int64_t size = result.shape()[static_cast<int>(dim)];
      PySlice_AdjustIndices(size, &start, &stop, step);
      result = call_function("slice", {result, dim++, int64_t{start}, int64_t{std::max(start, stop)}, int64_t{step}});
    } else {
      result = call_function("select", {result, dim, read_int(o)});
    }
  }
  return result;
}

nb::tuple items_of(PyObject* index) {
  if (PyTuple_Check(index)) return nb::borrow<nb::tuple>(index);
  return nb::make_tuple(nb::handle(index));
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
  return guarded(static_cast<PyObject*>(nullptr), [&] { return wrap(take(tensor_of(self), items_of(index))); });
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
  return guarded(-1, [&] {
    if (!value) raise_type("index: elements of a tensor cannot be deleted");
    Tensor v;
    if (!to_tensor(value, &v)) v = tensor_from_data(value, std::nullopt);
    Tensor part = take(tensor_of(self), items_of(index));
    part.assign(call_function("expand", {v, part.shape()}));
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
    target.assign(call_function("expand", {v, target.shape()}));
    return nb::borrow(self);
  });
}

}  // namespace deepseek::python
