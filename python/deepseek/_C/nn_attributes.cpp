// Attributes of modules: parameters, buffers, children and options beside Python's own.
#include "errors.h"
#include "nn.h"

namespace deepseek::python {
namespace {

std::string_view text_of(PyObject* name) {
  Py_ssize_t n = 0;
  const char* s = PyUnicode_AsUTF8AndSize(name, &n);
  return s ? std::string_view(s, static_cast<size_t>(n)) : std::string_view();
}

// A name that becomes a registered entry must not hide behind an ordinary attribute, or behind an entry of another kind.
void make_room(PyObject* self, nn::Module& m, PyObject* name, const std::string& text, const void* keep) {
  if (PyObject** dict = _PyObject_GetDictPtr(self); dict && *dict && PyDict_Contains(*dict, name) == 1) PyDict_DelItem(*dict, name);
  const bool other = (m.find_parameter(text) && keep != m.find_parameter(text)) || (m.find_buffer(text) && keep != m.find_buffer(text));
  const bool child = std::any_of(m.named_children().begin(), m.named_children().end(), [&](const auto& c) { return c.first == text; });
  if (other || (child && keep != &m.named_children())) m.remove(text);
}

bool is_child(const nn::Module& m, std::string_view name) {
  for (const auto& [child, module] : m.named_children()) {
    if (child == name) return true;
  }
  return false;
}

void assign(PyObject* self, nn::Module& m, PyObject* name, PyObject* value) {
  const std::string text(text_of(name));
  if (nn::Module* child = module_of(value)) {
    make_room(self, m, name, text, &m.named_children());
    m.register_module(text, Ref<nn::Module>(child));
    return;
  }
  const bool tensor = is_tensor(value);
  if (tensor && tensor_of(value).impl()->parameter) {
    make_room(self, m, name, text, m.find_parameter(text));
    m.register_parameter(text, tensor_of(value));
    return;
  }
  const char* type = Py_TYPE(value)->tp_name;
  if (m.find_parameter(text)) {
    if (value != Py_None) {
      raise_type(m.type_name(), ": parameter '", text, "' can be set to a Parameter or None, not to a ", type,
                 tensor ? "; wrap it: nn.Parameter(...)" : "");
    }
    m.set_parameter(text, Tensor());
    return;
  }
  if (m.find_buffer(text)) {
    if (!tensor && value != Py_None) raise_type(m.type_name(), ": buffer '", text, "' can be set to a tensor or None, not to a ", type);
    m.set_buffer(text, tensor ? tensor_of(value) : Tensor());
    return;
  }
  if (is_child(m, text)) {
    if (value != Py_None) raise_type(m.type_name(), ": child '", text, "' can be set to a Module or None, not to a ", type);
    m.register_module(text, Ref<nn::Module>());
    return;
  }
  if (PyObject_GenericSetAttr(self, name, value) != 0) throw nb::python_error();
}

}  // namespace

PyObject* module_getattr(PyObject* self, PyObject* name) {
  nn::Module* m = module_of(self);
  if (!m) return PyObject_GenericGetAttr(self, name);
  const std::string_view text = text_of(name);
  if (const Tensor* p = m->find_parameter(text)) return wrap(*p);
  for (const auto& [child, module] : m->named_children()) {
    if (child == text) return wrap(module.get()).release().ptr();
  }
  if (const Tensor* b = m->find_buffer(text)) return wrap(*b);
  PyObject* found = PyObject_GenericGetAttr(self, name);
  if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
  PyObject *type, *error, *trace;
  PyErr_Fetch(&type, &error, &trace);
  for (const auto& [option, value] : m->options()) {
    if (option != text) continue;
    Py_XDECREF(type), Py_XDECREF(error), Py_XDECREF(trace);
    return option_value(value);
  }
  PyErr_Restore(type, error, trace);
  return nullptr;
}

int module_setattr(PyObject* self, PyObject* name, PyObject* value) {
  return guarded(-1, [&] {
    nn::Module* m = module_of(self);
    if (!m) {
      raise_runtime(Py_TYPE(self)->tp_name, ": call super().__init__() before anything is assigned to the module");
    }
    if (value) {
      assign(self, *m, name, value);
      return 0;
    }
    const std::string text(text_of(name));
    if (m->find_parameter(text) || m->find_buffer(text) || is_child(*m, text)) {
      m->remove(text);
      return 0;
    }
    return PyObject_GenericSetAttr(self, name, nullptr);
  });
}

}  // namespace deepseek::python
