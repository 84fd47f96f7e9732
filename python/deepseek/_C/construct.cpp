// deepseek.tensor: from numbers, nested sequences, arrays and tensors.
#include <vector>

#include "array.h"
#include "errors.h"
#include "functions.h"
#include "tensor_parts.h"
#include <nanobind/stl/optional.h>

#include "deepseek/tensor/half.h"

namespace deepseek::python {
namespace {

bool is_nested(PyObject* o) {
  return PyList_Check(o) || PyTuple_Check(o);
}

// The leaves of a nested sequence, in row-major order, and its shape.
struct Nest {
  Shape shape;
  std::vector<PyObject*> leaves;  // borrowed
  bool has_float = false, has_int = false, has_tensor = false;

  void measure(PyObject* o) {
    for (; is_nested(o); o = PySequence_Fast_GET_ITEM(o, 0)) {
      const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
      ensure(shape.size() < max_rank, "tensor: the data is nested deeper than ", max_rank, " levels");
      shape.push_back(n);
      if (n == 0) break;
    }
  }

  void collect(PyObject* o, int level) {
    if (level == shape.size()) {
      ensure(!is_nested(o), "tensor: a number was expected at depth ", level,
             ", but there is a sequence; all rows must have equal lengths");
      has_float |= PyFloat_Check(o);
      has_int |= PyLong_Check(o) && !PyBool_Check(o);
      has_tensor |= !PyFloat_Check(o) && !PyLong_Check(o);
      leaves.push_back(o);
      return;
    }
    ensure(is_nested(o), "tensor: a sequence of ", shape[level], " was expected at depth ", level, ", but there is a ",
           Py_TYPE(o)->tp_name);
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    ensure(n == shape[level], "tensor: expected a sequence of length ", shape[level], " at depth ", level,
           ", but got length ", n);
    for (Py_ssize_t i = 0; i < n; ++i) collect(PySequence_Fast_GET_ITEM(o, i), level + 1);
  }
};

template <class T>
T convert_leaf(PyObject* o) {
  if constexpr (std::is_same_v<T, bool>) {
    const int truth = PyObject_IsTrue(o);
    if (truth < 0) throw nb::python_error();
    return truth == 1;
  } else if constexpr (std::is_integral_v<T>) {
    // Floats are cut as torch does; numpy integers and 0-d tensors come through __int__.
    PyObject* number = PyNumber_Long(o);
    if (!number) throw nb::python_error();
    int overflow = 0;
    const int64_t v = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    ensure(overflow == 0 && static_cast<int64_t>(static_cast<T>(v)) == v,
           "tensor: ", overflow ? "a number" : std::to_string(v), " does not fit into ", name_of(dtype_of<T>));
    return static_cast<T>(v);
  } else {
    const double v = PyFloat_AsDouble(o);
    if (v == -1 && PyErr_Occurred()) throw nb::python_error();
    if constexpr (std::is_same_v<T, float16_t>)
      return to_float16(static_cast<float>(v));
    else if constexpr (std::is_same_v<T, bfloat16_t>)
      return to_bfloat16(static_cast<float>(v));
    else
      return static_cast<T>(v);
  }
}

// The type of leaves that are no plain numbers: numpy scalars, 0-d tensors.
DType common_type(const Nest& nest) {
  DType common = nest.has_float ? modes.default_dtype : nest.has_int ? DType::int64 : DType::bool_;
  for (PyObject* o : nest.leaves) {
    if (PyFloat_Check(o) || PyLong_Check(o)) continue;
    Tensor t;
    if (!to_tensor(o, &t) || t.numel() != 1) {
      raise_type("tensor: cannot make a tensor from a ", Py_TYPE(o)->tp_name,
                 "; expected numbers or nested sequences of numbers");
    }
    common = promote(common, t.dtype());
  }
  return common;
}

// A sequence of arrays or tensors with dims: stacked.
bool stack_rows(PyObject* data, Tensor* out) {
  const Py_ssize_t n = is_nested(data) ? PySequence_Fast_GET_SIZE(data) : 0;
  TensorList rows;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(data, i);
    Tensor t;
    if (is_nested(o)) {
      if (!stack_rows(o, &t)) return false;
    } else if (PyFloat_Check(o) || PyLong_Check(o) || !to_tensor(o, &t) || t.rank() == 0) {
      return false;
    }
    rows.push_back(std::move(t));
  }
  if (rows.empty()) return false;
  *out = call_function("stack", {rows}).detach();
  return true;
}

Tensor cast_to(const Tensor& t, std::optional<DType> dtype) {
  if (!dtype || t.dtype() == *dtype) return t;
  return call_function("to", {t, *dtype});
}

Tensor from_nest(PyObject* data, std::optional<DType> dtype) {
  Nest nest;
  nest.measure(data);
  if (nest.shape.numel() != 0 || nest.shape.empty()) nest.collect(data, 0);
  const DType type = dtype ? *dtype : nest.leaves.empty() ? modes.default_dtype : common_type(nest);
  StorageRef storage = Storage::allocate(static_cast<int64_t>(nest.leaves.size()) * size_of(type));
  visit_dtype(type, [&](auto zero) {
    using T = decltype(zero);
    T* to = reinterpret_cast<T*>(storage->data());
    for (size_t i = 0; i < nest.leaves.size(); ++i) to[i] = convert_leaf<T>(nest.leaves[i]);
  });
  return Tensor::from_storage(std::move(storage), type, nest.shape);
}

Tensor copy_of_tensor(const Tensor& t) {
  return call_function("clone", {t.detach()}).detach();
}

}  // namespace

Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype) {
  if (is_tensor(data)) return cast_to(copy_of_tensor(tensor_of(data)), dtype);
  Tensor t;
  if (is_nested(data)) return stack_rows(data, &t) ? cast_to(t, dtype) : from_nest(data, dtype);
  if (PyFloat_Check(data) || PyLong_Check(data)) return from_nest(data, dtype);
  if (tensor_from_array(data, &t)) return cast_to(t, dtype);
  // What only knows how to become a numpy array (pandas), or to be walked (range).
  if (PyObject_HasAttrString(data, "__array__")) {
    nb::object array = nb::module_::import_("numpy").attr("asarray")(nb::handle(data));
    if (tensor_from_array(array.ptr(), &t)) return cast_to(t, dtype);
  } else if (PySequence_Check(data) && !PyUnicode_Check(data) && !PyBytes_Check(data)) {
    nb::object list = nb::steal(checked(PySequence_List(data)));
    return tensor_from_data(list.ptr(), dtype);
  }
  raise_type("tensor: cannot make a tensor from a ", Py_TYPE(data)->tp_name,
             "; expected numbers, nested sequences or arrays");
}

namespace {

void check_device(nb::handle device) {
  if (!device.is_none()) nb::module_::import_("deepseek").attr("device")(device);
}

}  // namespace

DEEPSEEK_BINDING(construct, 24) {
  m.def(
      "tensor",
      [](nb::handle data, std::optional<DType> dtype, nb::handle device, bool requires_grad) {
        check_device(device);
        Tensor t = tensor_from_data(data.ptr(), dtype);
        if (requires_grad) t.set_requires_grad();
        return t;
      },
      nb::arg("data"), nb::kw_only(), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
      nb::arg("requires_grad") = false,
      "A new tensor with a copy of the data: a number, nested sequences of numbers, an array or a tensor.");
  m.def(
      "as_tensor",
      [](nb::handle data, std::optional<DType> dtype, nb::handle device) {
        check_device(device);
        if (is_tensor(data.ptr())) return cast_to(tensor_of(data.ptr()), dtype);
        if (PyObject_CheckBuffer(data.ptr()) && PyObject_HasAttrString(data.ptr(), "__array_interface__")) {
          return cast_to(borrow_array(data.ptr()), dtype);
        }
        return tensor_from_data(data.ptr(), dtype);
      },
      nb::arg("data"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
      "The data as a tensor; a tensor is returned as it is, a numpy array shares its memory.");
  m.def(
      "rebuild_tensor",
      [](nb::handle array, DType dtype) {
        Tensor t;
        if (!tensor_from_array(array.ptr(), &t) || size_of(t.dtype()) != size_of(dtype))
          raise_value("pickle: the data of the tensor is damaged");
        const Buffer& b = t.buffer();
        return Tensor::from_storage(b.storage, dtype, t.shape());
      },
      "Raw elements, as raw_bytes gave them, as a tensor again.");
  m.def(
      "from_numpy", [](nb::handle array) { return borrow_array(array.ptr()); }, nb::arg("array"),
      "A tensor that shares the memory of a numpy array. Change the array only while nothing recorded from the tensor "
      "is pending.");
}

}  // namespace deepseek::python
