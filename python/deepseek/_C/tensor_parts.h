// Pieces of the Tensor type that live in their own files.
#pragma once
#include <optional>

#include "tensor.h"

namespace deepseek::python {

extern PyMethodDef tensor_methods[];
extern PyGetSetDef tensor_properties[];

PyObject* item(PyObject* self);  // the one element as a Python number
PyObject* repr(PyObject* self);

Py_ssize_t length(PyObject* self);
PyObject* iterate(PyObject* self);
PyObject* get_item(PyObject* self, PyObject* index);
int set_item(PyObject* self, PyObject* index, PyObject* value);
int contains(PyObject* self, PyObject* value);

// deepseek.tensor(data): numbers, nested sequences, arrays, tensors; always a copy.
Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype);

PyObject* to_numpy(PyObject* self);

}  // namespace deepseek::python
