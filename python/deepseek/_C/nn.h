// Modules between C++ and Python.
#pragma once
#include "deepseek/nn/module.h"
#include "functions.h"
#include "tensor.h"

namespace deepseek::python {

// The module of a Python object; null when it is none, or when its __init__ has not run.
nn::Module* module_of(PyObject* o);
extern PyTypeObject* module_type;

// An object for a module (new reference); the same one as long as it lives.
nb::object wrap(nn::Module* m);

// Arguments of a layer's constructor, in the order of its options.
std::vector<Argument> layer_arguments(const char* layer, const std::vector<nn::OptionInfo>& info, const nb::args& args,
                                      const nb::kwargs& kwargs);
std::string layer_signature(const std::vector<nn::OptionInfo>& info);
PyObject* option_value(const Argument& a);
Argument named_argument(PyObject* o);  // of a forward

// What Python's collector needs; every class of modules names them, since the binding library does not inherit its own.
extern PyType_Slot collector_slots[];

// Slots of the type.
PyObject* module_getattr(PyObject* self, PyObject* name);
int module_setattr(PyObject* self, PyObject* name, PyObject* value);
PyObject* module_call(PyObject* self, PyObject* args, PyObject* kwargs);
void install_module_hooks();

}  // namespace deepseek::python
