// Tensors from objects that show their memory: numpy arrays and scalars, memoryviews, array.array.
#pragma once
#include "tensor.h"

namespace deepseek::python {

// Copies the content. False if the object shows no memory, or elements that no tensor has.
bool tensor_from_array(PyObject* o, Tensor* out);

// Shares the memory, which the tensor keeps alive; raises a type error with the reason where that cannot be done.
Tensor borrow_array(PyObject* o);

}  // namespace deepseek::python
