// The type of deepseek's functions. Arguments are converted straight into the record's call: there is no Python
// wrapper.
#include "errors.h"
#include "functions.h"
#include <Python.h>
#include <structmember.h>

namespace deepseek::python {
namespace {

struct Callable {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Function* function;
  PyObject* name;
  bool in_place;
};
PyTypeObject* callable_type;

const char* expected(const Parameter& p) {
  switch (p.kind) {
    case ParamKind::tensor:
      return "a tensor, number or array";
    case ParamKind::tensors:
      return "a sequence of tensors";
    case ParamKind::integer:
      return "an int";
    case ParamKind::number:
      return "a number";
    case ParamKind::boolean:
      return "a bool";
    case ParamKind::string:
      return "a str";
    case ParamKind::dtype:
      return "a dtype such as deepseek.float32";
    case ParamKind::ints:
    case ParamKind::sections:
      return "an int or a sequence of ints";
    case ParamKind::padding:
      return "an int, a sequence of ints or a str";
    case ParamKind::order:
      return "a number or a str";
  }
  return "";
}

std::string shown(PyObject* o) {
  const char* type = Py_TYPE(o)->tp_name;
  if (!PyList_Check(o) && !PyTuple_Check(o)) return type;
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) {
    const char* inner = Py_TYPE(PySequence_Fast_GET_ITEM(o, i))->tp_name;
    if (inner != Py_TYPE(PySequence_Fast_GET_ITEM(o, 0))->tp_name) return std::string(type) + " of mixed types";
  }
  return n == 0 ? std::string("an empty ") + type
                : concat("a ", type, " of ", n, " ", Py_TYPE(PySequence_Fast_GET_ITEM(o, 0))->tp_name);
}

void take(const Function& f, size_t i, PyObject* o, Argument* out) {
  const Parameter& p = f.params[i];
  if (!convert(p, o, out)) {
    raise_type(f.name, ": argument '", p.text, "' must be ", expected(p), p.optional ? " or None" : "", ", but is ",
               shown(o));
  }
}

// Joins positional arguments from `spread` on: reshape(x, 2, 3), stack(a, b). Returns how many were joined; 0 if they
// are not such.
size_t join(const Function& f, PyObject* const* args, size_t n, Argument* out) {
  const size_t first = static_cast<size_t>(f.spread);
  if (n <= first + 1 && !(n == first + 1 && f.params[first].kind == ParamKind::tensors && is_tensor(args[first])))
    return 0;
  if (f.params[first].kind == ParamKind::tensors) {
    if (!is_tensor(args[first])) return 0;
    TensorList list;
    size_t i = first;
    for (; i < n && is_tensor(args[i]); ++i) list.push_back(tensor_of(args[i]));
    *out = std::move(list);
    return i - first;
  }
  Dims dims;
  size_t i = first;
  for (; i < n && PyIndex_Check(args[i]) && !PyBool_Check(args[i]); ++i) {
    Dims one;
    if (dims.size() == max_rank || !to_dims(args[i], &one) || one.size() != 1) return 0;
    dims.push_back(one[0]);
  }
  if (i - first < 2) return 0;
  *out = dims;
  return i - first;
}

// torch also takes numpy's names.
std::string_view other_name(std::string_view keyword) {
  if (keyword == "axis" || keyword == "axes") return "dim";
  if (keyword == "keepdims") return "keepdim";
  if (keyword == "x" || keyword == "self" || keyword == "a") return "input";
  if (keyword == "x2") return "other";
  if (keyword == "other") return "dim";  // of max and min, which take a tensor there
  return {};
}

size_t find_param(const Function& f, PyObject* keyword) {
  for (size_t i = 0; i < f.params.size(); ++i) {
    if (f.params[i].name == keyword) return i;
  }
  const char* text = PyUnicode_AsUTF8(keyword);
  if (!text) throw nb::python_error();
  for (size_t i = 0; i < f.params.size(); ++i) {
    if (f.params[i].text == text) return i;
  }
  const std::string_view other = other_name(text);
  for (size_t i = 0; !other.empty() && i < f.params.size(); ++i) {
    if (f.params[i].text == other && (f.params[i].kind == ParamKind::tensor || text != std::string_view("other"))) return i;
  }
  return f.params.size();
}

// torch's arguments that are requests about the machine, and have one answer here. The classes refuse what is not there.
void take_extra(const Function& f, PyObject* keyword, PyObject* value) {
  const std::string_view name = PyUnicode_AsUTF8(keyword);
  const nb::module_ package = nb::module_::import_("deepseek");
  if (f.creates && name == "device") {
    if (value != Py_None) package.attr("device")(nb::handle(value));
  } else if (f.layouts && name == "memory_format") {
    if (!nb::isinstance(nb::handle(value), package.attr("memory_format"))) {
      raise_type(f.name, ": memory_format must be one such as deepseek.channels_last, but is ", shown(value));
    }
  } else if (f.creates && name == "layout") {
    if (value != Py_None && !nb::isinstance(nb::handle(value), package.attr("layout"))) {
      raise_type(f.name, ": layout must be deepseek.strided, but is ", shown(value));
    }
  } else if (f.creates && name == "pin_memory") {
    if (value != Py_False) raise_type(f.name, ": memory cannot be pinned, since there is no device to copy to");
  } else {
    raise_type(f.name, ": unexpected argument '", name, "'");
  }
}

// torch's older way to say var(input, unbiased): a bool where the dims would stand.
bool stands_for_unbiased(const Function& f, size_t next, PyObject* o) {
  return PyBool_Check(o) && next + 1 < f.params.size() && f.params[next].kind == ParamKind::ints && f.params[next].has_default &&
         f.params[next + 1].text == "unbiased";
}

void fill(const Function& f, Arguments& to, PyObject* const* args, size_t n, PyObject* kwnames) {
  const size_t params = f.params.size();
  uint32_t given = 0;
  size_t next = 0;
  for (size_t i = 0; i < n;) {
    if (f.spread == static_cast<int>(next)) {
      if (const size_t joined = join(f, args, n, &to[next])) {
        given |= 1u << next++;
        i += joined;
        continue;
      }
    }
    if (next < params && stands_for_unbiased(f, next, args[i])) ++next;
    if (next == params) raise_type(f.name, ": takes ", params, " arguments, but ", n, " are given");
    take(f, next, args[i++], &to[next]);
    given |= 1u << next++;
  }
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    PyObject* keyword = PyTuple_GET_ITEM(kwnames, k);
    PyObject* value = args[n + static_cast<size_t>(k)];
    const size_t at = find_param(f, keyword);
    if (at == params) {
      take_extra(f, keyword, value);
      continue;
    }
    if (given >> at & 1) raise_type(f.name, ": argument '", f.params[at].text, "' is given twice");
    take(f, at, value, &to[at]);
    given |= 1u << at;
  }
  for (size_t i = 0; i < params; ++i) {
    if (given >> i & 1) continue;
    const Parameter& p = f.params[i];
    if (!p.has_default) raise_type(f.name, ": argument '", p.text, "' is missing");
    to[i] = p.standard;
  }
}

PyObject* call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  const Callable& c = *reinterpret_cast<Callable*>(self);
  const Function& f = *c.function;
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Arguments arguments(f.params.size());
    const size_t n = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    fill(f, arguments, args, n, kwnames);
    if (c.in_place) {
      if (n == 0 || !is_tensor(args[0])) raise_type(f.name, "_: the tensor to write to must be the first argument");
      Result result = f.entry->call(arguments.span());
      assign_in_place(f, tensor_of(args[0]), std::get<Tensor>(result));
      Py_INCREF(args[0]);
      return args[0];
    }
    return wrap(f.entry->call(arguments.span()));
  });
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  if (!instance) {
    Py_INCREF(self);
    return self;
  }
  return PyMethod_New(self, instance);
}

PyObject* get_name(PyObject* self, void*) {
  PyObject* name = reinterpret_cast<Callable*>(self)->name;
  Py_INCREF(name);
  return name;
}
PyObject* get_module(PyObject*, void*) {
  return PyUnicode_FromString("deepseek");
}
PyObject* get_doc(PyObject* self, void*) {
  const std::string_view doc = reinterpret_cast<Callable*>(self)->function->entry->doc;
  return PyUnicode_DecodeUTF8(doc.data(), static_cast<Py_ssize_t>(doc.size()), "replace");
}

PyObject* get_signature(PyObject* self, void*) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    const Function& f = *reinterpret_cast<Callable*>(self)->function;
    nb::module_ inspect = nb::module_::import_("inspect");
    nb::object make = inspect.attr("Parameter");
    nb::list list;
    nb::object kind = make.attr("POSITIONAL_OR_KEYWORD");
    for (const Parameter& p : f.params) {
      list.append(p.has_default ? make(nb::handle(p.name), kind, nb::arg("default") = nb::handle(p.shown))
                                : make(nb::handle(p.name), kind));
    }
    return inspect.attr("Signature")(list).release().ptr();
  });
}

PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<function deepseek.%U>", reinterpret_cast<Callable*>(self)->name);
}
PyObject* reduce(PyObject* self, PyObject*) {
  const Callable& c = *reinterpret_cast<Callable*>(self);
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    nb::object find = nb::module_::import_("deepseek._exchange").attr("function");
    return nb::make_tuple(find, nb::make_tuple(nb::handle(c.name))).release().ptr();
  });
}
void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  Py_XDECREF(reinterpret_cast<Callable*>(self)->name);
  type->tp_free(self);
  Py_DECREF(type);
}

PyGetSetDef properties[] = {
    {"__name__", get_name, nullptr, nullptr, nullptr},           {"__qualname__", get_name, nullptr, nullptr, nullptr},
    {"__module__", get_module, nullptr, nullptr, nullptr},       {"__doc__", get_doc, nullptr, nullptr, nullptr},
    {"__signature__", get_signature, nullptr, nullptr, nullptr}, {}};
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Callable, vectorcall), READONLY, nullptr}, {}};
PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                       {Py_tp_repr, reinterpret_cast<void*>(represent)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_getset, properties},
                       {Py_tp_methods, methods},
                       {Py_tp_members, members},
                       {0, nullptr}};
PyType_Spec spec = {"deepseek.function", sizeof(Callable), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, slots};

}  // namespace

PyObject* new_callable(const Function& f, const std::string& name, bool in_place) {
  if (!callable_type) callable_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&spec)));
  DEEPSEEK_CHECK(f.params.size() <= max_params, f.name);
  auto* c = reinterpret_cast<Callable*>(checked(callable_type->tp_alloc(callable_type, 0)));
  c->vectorcall = call;
  c->function = &f;
  c->name = PyUnicode_InternFromString(name.c_str());
  c->in_place = in_place;
  return reinterpret_cast<PyObject*>(c);
}

}  // namespace deepseek::python
