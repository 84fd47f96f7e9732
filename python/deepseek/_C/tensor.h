// The Python type of tensors, and the conversions that nanobind functions use for Tensor, DType, Dims and Padding.
//
// Tensor is a plain extension type, not a nanobind class: small ops are dominated by the creation of their result
// object. A TensorImpl has at most one Python object at a time, so the same tensor is the same object wherever it comes
// from.
#pragma once
#include "binding.h"

#include "deepseek/graph/tensor.h"
#include "deepseek/ops/types.h"

namespace deepseek::python {

struct PyTensor {
  PyObject_HEAD Tensor tensor;
  PyObject* weakrefs;
};

extern PyTypeObject* tensor_type;
extern PyTypeObject* dtype_type;
extern PyTypeObject* parameter_type;  // what a tensor marked as a parameter becomes; Tensor until nn sets it

inline bool is_tensor(PyObject* o) {
  return PyObject_TypeCheck(o, tensor_type);
}
inline Tensor& tensor_of(PyObject* o) {
  return reinterpret_cast<PyTensor*>(o)->tensor;
}

// The Python object of a tensor (new reference); None when undefined. Null with a Python error when memory runs out.
PyObject* wrap(const Tensor& tensor);
PyObject* wrap(Tensor&& tensor);
// The same as an instance of a subclass of Tensor. The tensor must not have a Python object yet.
PyObject* wrap_as(PyTypeObject* type, const Tensor& tensor);

PyObject* wrap(DType dtype);       // new reference
PyObject* wrap(const Dims& dims);  // a tuple

// False, without a Python error, when the object is nothing that can be read as such.
bool to_dtype(PyObject* o, DType* out);  // dtype objects, bool/int/float, numpy's types
bool to_dims(PyObject* o, Dims* out);    // an int or a sequence of ints
bool to_padding(PyObject* o, Padding* out);
bool to_sections(PyObject* o, Sections* out);
bool to_tensor(PyObject* o, Tensor* out);  // tensors, numbers (weak), numpy arrays and scalars (copied)

}  // namespace deepseek::python

namespace nanobind::detail {

template <>
struct type_caster<deepseek::Tensor> {
  NB_TYPE_CASTER(deepseek::Tensor, const_name("deepseek.Tensor"))
  bool from_python(handle src, uint32_t flags, cleanup_list*) noexcept {
    if (deepseek::python::is_tensor(src.ptr())) {
      value = deepseek::python::tensor_of(src.ptr());
      return true;
    }
    if (src.is_none()) {
      value = deepseek::Tensor();
      return true;
    }
    return (flags & static_cast<uint32_t>(cast_flags::convert)) && deepseek::python::to_tensor(src.ptr(), &value);
  }
  static handle from_cpp(const deepseek::Tensor& t, rv_policy, cleanup_list*) noexcept {
    return deepseek::python::wrap(t);
  }
};

template <>
struct type_caster<deepseek::DType> {
  NB_TYPE_CASTER(deepseek::DType, const_name("deepseek.dtype"))
  bool from_python(handle src, uint32_t, cleanup_list*) noexcept {
    return deepseek::python::to_dtype(src.ptr(), &value);
  }
  static handle from_cpp(deepseek::DType t, rv_policy, cleanup_list*) noexcept { return deepseek::python::wrap(t); }
};

template <>
struct type_caster<deepseek::Dims> {
  NB_TYPE_CASTER(deepseek::Dims, const_name("int | collections.abc.Sequence[int]"))
  bool from_python(handle src, uint32_t, cleanup_list*) noexcept {
    return deepseek::python::to_dims(src.ptr(), &value);
  }
  static handle from_cpp(const deepseek::Dims& d, rv_policy, cleanup_list*) noexcept {
    return deepseek::python::wrap(d);
  }
};

template <>
struct type_caster<deepseek::Padding> {
  static constexpr auto Name = const_name("int | collections.abc.Sequence[int] | str");
  template <typename T_>
  using Cast = movable_cast_t<T_>;
  template <typename T_>
  static constexpr bool can_cast() {
    return true;
  }
  using Value = deepseek::Padding;
  Value value{0};
  explicit operator Value*() { return &value; }
  explicit operator Value&() { return value; }
  explicit operator Value&&() { return static_cast<Value&&>(value); }
  bool from_python(handle src, uint32_t, cleanup_list*) noexcept {
    return deepseek::python::to_padding(src.ptr(), &value);
  }
  static handle from_cpp(const Value& p, rv_policy, cleanup_list*) noexcept {
    if (!p.mode.empty()) return PyUnicode_FromStringAndSize(p.mode.data(), static_cast<Py_ssize_t>(p.mode.size()));
    return deepseek::python::wrap(p.sizes);
  }
};

}  // namespace nanobind::detail
