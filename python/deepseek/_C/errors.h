// From C++ errors to Python exceptions.
#pragma once
#include <string>

#include "binding.h"

#include "deepseek/tensor/error.h"

namespace deepseek::python {

// Turns the C++ exception being handled into a Python error. Call inside a catch block, in functions that nanobind does
// not wrap.
void set_python_error();

// Calls f and returns its result; a C++ exception becomes a Python error and `failure` is returned.
template <class F, class R>
R guarded(R failure, F&& f) {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return failure;
  }
}

// Throws nb::python_error when a call of the C API has set one.
inline PyObject* checked(PyObject* o) {
  if (!o) throw nb::python_error();
  return o;
}

}  // namespace deepseek::python
