#include "errors.h"

#include "deepseek/tensor/scopes.h"

namespace deepseek::python {
namespace {

// deepseek.errors.ValueError is both deepseek.Error and the built-in ValueError, and so on. Never freed: errors may be
// raised until the interpreter is gone.
PyObject* base_error;
constexpr int kind_count = 8;
PyObject* kinds[kind_count];
PyObject* internal_error;

// What the user reads ends with the line of their program, unless evaluation has already named the line that recorded
// the op.
std::string with_line(std::string message) {
  if (message.find("\n  at ") == std::string::npos && message.find("\n  recorded at ") == std::string::npos) {
    const std::string line = describe(current_source_line());
    if (!line.empty()) message += "\n  at " + line;
  }
  return message;
}

void set_error(PyObject* type, const std::string& message) {
  PyObject* text = PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace");
  if (!text) return;
  PyErr_SetObject(type, text);
  Py_DECREF(text);
}

bool translate(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const Error& e) {
    set_error(kinds[static_cast<int>(e.kind())], with_line(e.what()));
  } catch (const InternalError& e) {
    set_error(internal_error, with_line(e.what()));
  } catch (...) {
    return false;
  }
  return true;
}

PyObject* new_error(const char* name, PyObject* bases, const char* doc) {
  return checked(PyErr_NewExceptionWithDoc((std::string("deepseek.errors.") + name).c_str(), doc, bases, nullptr));
}

}  // namespace

void set_python_error() {
  try {
    if (translate(std::current_exception())) return;
    throw;
  } catch (nb::python_error& e) {
    e.restore();
  } catch (const nb::builtin_exception& e) {
    PyObject* type = e.type() == nb::exception_type::value_error   ? PyExc_ValueError
                     : e.type() == nb::exception_type::type_error  ? PyExc_TypeError
                     : e.type() == nb::exception_type::index_error ? PyExc_IndexError
                     : e.type() == nb::exception_type::key_error   ? PyExc_KeyError
                                                                   : PyExc_RuntimeError;
    PyErr_SetString(type, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    set_error(PyExc_RuntimeError, with_line(e.what()));
  }
}

DEEPSEEK_BINDING(errors, 10) {
  base_error = new_error("Error", PyExc_Exception, "What the caller did wrong; every user error of deepseek is one.");
  internal_error = new_error("InternalError", PyExc_RuntimeError, "A bug in deepseek; please report it.");
  m.attr("Error") = nb::handle(base_error);
  m.attr("InternalError") = nb::handle(internal_error);
  const std::pair<const char*, PyObject*> names[kind_count] = {
      {"ValueError", PyExc_ValueError},     {"TypeError", PyExc_TypeError}, {"IndexError", PyExc_IndexError},
      {"RuntimeError", PyExc_RuntimeError}, {"OSError", PyExc_OSError},     {"KeyError", PyExc_KeyError},
      {"NotImplementedError", PyExc_NotImplementedError}, {"LinAlgError", PyExc_RuntimeError}};
  nb::dict table;
  for (int i = 0; i < kind_count; ++i) {
    const auto& [name, builtin] = names[i];
    const std::string doc = concat("A user error that is also the built-in ",
                                   reinterpret_cast<PyTypeObject*>(builtin)->tp_name, ".");
    kinds[i] = new_error(name, nb::make_tuple(nb::handle(base_error), nb::handle(builtin)).ptr(), doc.c_str());
    table[name] = nb::handle(kinds[i]);
  }
  // KeyError would show the message as a quoted string, with \n for its line breaks.
  nb::handle(kinds[static_cast<int>(ErrorKind::key)]).attr("__str__") = nb::handle(PyExc_BaseException).attr("__str__");
  m.attr("error_types") = table;
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    if (!translate(p)) std::rethrow_exception(p);
  });
}

}  // namespace deepseek::python
