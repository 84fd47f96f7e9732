#include "array.h"

#include <cstring>

#include "gil.h"

#include "deepseek/tensor/error.h"

namespace deepseek::python {
namespace {

// A buffer view, released with Python's lock held.
struct View {
  Py_buffer buffer{};
  bool open(PyObject* o, int flags) {
    if (PyObject_GetBuffer(o, &buffer, flags) == 0) return true;
    PyErr_Clear();
    return false;
  }
  ~View() {
    if (buffer.obj) PyBuffer_Release(&buffer);
  }
};

bool dtype_of_format(const Py_buffer& b, DType* out) {
  const char* f = b.format ? b.format : "B";
  if (*f == '@' || *f == '=' || *f == '<') ++f;
  if (f[0] == 0 || f[1] != 0) return false;
  switch (*f) {
    case '?':
      return *out = DType::bool_, true;
    case 'e':
      return *out = DType::float16, true;
    case 'f':
      return *out = DType::float32, true;
    case 'd':
      return *out = DType::float64, true;
    case 'B':
      return *out = DType::uint8, true;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
      switch (b.itemsize) {
        case 1:
          return *out = DType::int8, true;
        case 2:
          return *out = DType::int16, true;
        case 4:
          return *out = DType::int32, true;
        case 8:
          return *out = DType::int64, true;
      }
  }
  return false;
}

bool dims_of(const Py_buffer& b, Shape* shape) {
  if (b.ndim > max_rank) return false;
  *shape = Shape();
  for (int i = 0; i < b.ndim; ++i) shape->push_back(b.shape[i]);
  return true;
}

}  // namespace

bool tensor_from_array(PyObject* o, Tensor* out) {
  if (!PyObject_CheckBuffer(o) || PyBytes_Check(o) || PyByteArray_Check(o)) return false;
  View view;
  DType dtype;
  Shape shape;
  if (!view.open(o, PyBUF_FULL_RO) || !dtype_of_format(view.buffer, &dtype) || !dims_of(view.buffer, &shape))
    return false;
  StorageRef storage = Storage::allocate(shape.numel() * size_of(dtype));
  if (shape.numel() > 0 && PyBuffer_ToContiguous(storage->data(), &view.buffer, view.buffer.len, 'C') != 0) {
    PyErr_Clear();
    return false;
  }
  *out = Tensor::from_storage(std::move(storage), dtype, shape);
  return true;
}

Tensor borrow_array(PyObject* o) {
  View view;
  DType dtype;
  Shape shape;
  const char* type = Py_TYPE(o)->tp_name;
  if (!PyObject_CheckBuffer(o) || !view.open(o, PyBUF_FULL_RO))
    raise_type("from_numpy: expected a numpy array, but got ", type);
  const Py_buffer& b = view.buffer;
  if (!dtype_of_format(b, &dtype)) {
    raise_type("from_numpy: no tensor has elements of numpy's format '", b.format ? b.format : "",
               "'; convert the array first, e.g. array.astype('float32')");
  }
  if (!dims_of(b, &shape))
    raise_value("from_numpy: tensors have at most ", max_rank, " dims, but the array has ", b.ndim);
  Strides strides;
  int64_t reach = 0;  // in bytes, from the first element to the last
  for (int i = 0; i < b.ndim; ++i) {
    ensure(b.strides[i] >= 0, "from_numpy: negative strides are not supported; use array.copy()");
    ensure(b.strides[i] % b.itemsize == 0, "from_numpy: strides must be whole elements; use array.copy()");
    strides.push_back(b.strides[i] / b.itemsize);
    reach += (shape[i] - 1) * b.strides[i];
  }
  const int64_t bytes = shape.numel() == 0 ? 0 : reach + b.itemsize;
  const bool writable = !b.readonly;
  void* data = b.buf;
  // A memoryview keeps the owner alive and from moving its memory.
  nb::object keeper = nb::steal(PyMemoryView_FromObject(o));
  StorageRef storage = Storage::borrow(
      data, bytes, [owner = SharedObject(std::move(keeper))] {}, writable);
  return Tensor::from_storage(std::move(storage), dtype, shape, strides);
}

}  // namespace deepseek::python
