// How a binding file adds itself to the module, without a list:
//
//   DEEPSEEK_BINDING(optim, 50) { m.def("sgd_step", ...); }
//
// Files with a lower order run first: 10 errors and dtypes, 20 Tensor, 30 functions, 40 modes and autograd, 50 and up
// the rest.
#pragma once
#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace deepseek::python {

struct Binding {
  Binding(const char* name, int order, void (*add)(nb::module_&));
  const char* name;
  int order;
  void (*add)(nb::module_&);
  Binding* next;
};

}  // namespace deepseek::python

#define DEEPSEEK_BINDING(name, order)                                                 \
  static void bind_##name(nb::module_& m);                                            \
  static const ::deepseek::python::Binding binding_##name{#name, order, bind_##name}; \
  static void bind_##name([[maybe_unused]] nb::module_& m)
