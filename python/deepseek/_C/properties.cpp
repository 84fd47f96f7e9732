// Attributes and methods of Tensor that are no functions of the library.
#include "errors.h"
#include "functions.h"
#include "gil.h"
#include "tensor_parts.h"

#include "deepseek/ops/op.h"

namespace deepseek::python {
namespace {

template <class F>
PyObject* try_object(F&& f) {
  return guarded(static_cast<PyObject*>(nullptr), std::forward<F>(f));
}

PyObject* none() {
  Py_RETURN_NONE;
}
PyObject* same(PyObject* self) {
  Py_INCREF(self);
  return self;
}

PyObject* get_shape(PyObject* self, void*) {
  return wrap(tensor_of(self).shape());
}
PyObject* get_ndim(PyObject* self, void*) {
  return PyLong_FromLong(tensor_of(self).rank());
}
PyObject* get_dtype(PyObject* self, void*) {
  return wrap(tensor_of(self).dtype());
}
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromLongLong(size_of(tensor_of(self).dtype()));
}
PyObject* get_nbytes(PyObject* self, void*) {
  return PyLong_FromLongLong(tensor_of(self).spec().bytes());
}
PyObject* get_device(PyObject*, void*) {
  return try_object([] { return nb::object(nb::module_::import_("deepseek").attr("cpu")).release().ptr(); });
}
PyObject* get_is_leaf(PyObject* self, void*) {
  return try_object([&] { return PyBool_FromLong(tensor_of(self).is_leaf()); });
}
PyObject* get_symbolic(PyObject* self, void*) {
  return try_object([&] { return PyBool_FromLong(tensor_of(self).value().node->symbolic); });
}
PyObject* get_version(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(tensor_of(self).version());
}

PyObject* get_requires_grad(PyObject* self, void*) {
  return try_object([&] { return PyBool_FromLong(tensor_of(self).requires_grad()); });
}
int set_requires_grad(PyObject* self, PyObject* value, void*) {
  return guarded(-1, [&] {
    if (!value) raise_type("requires_grad cannot be deleted");
    const int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    tensor_of(self).set_requires_grad(on == 1);
    return 0;
  });
}

PyObject* get_grad(PyObject* self, void*) {
  return try_object([&] { return wrap(tensor_of(self).grad()); });
}
int set_grad(PyObject* self, PyObject* value, void*) {
  return guarded(-1, [&] {
    if (!value || value == Py_None) {
      tensor_of(self).set_grad(Tensor());
      return 0;
    }
    if (!is_tensor(value)) raise_type("grad: expected a tensor or None, but got ", Py_TYPE(value)->tp_name);
    ensure(tensor_of(value).shape() == tensor_of(self).shape(), "grad: the shape of the gradient must be ",
           to_string(tensor_of(self).shape()), " as the tensor's, but is ", to_string(tensor_of(value).shape()));
    tensor_of(self).set_grad(tensor_of(value));
    return 0;
  });
}

// The name of the op that made the tensor, for what torch shows as grad_fn; None for what the tape does not know.
PyObject* get_grad_fn(PyObject* self, void*) {
  return try_object([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (!t.requires_grad() || t.is_leaf()) return none();
    const std::string_view name = t.value().node->op->info.name;
    return nb::module_::import_("deepseek.autograd").attr("GradFn")(nb::str(name.data(), name.size())).release().ptr();
  });
}

PyObject* get_data(PyObject* self, void*) {
  return try_object([&] { return wrap(tensor_of(self).detach()); });
}
int set_data(PyObject* self, PyObject* value, void*) {
  return guarded(-1, [&] {
    Tensor v;
    if (!value || !to_tensor(value, &v)) raise_type("data: expected a tensor");
    NoGradGuard guard;
    tensor_of(self).assign(v.detach());
    return 0;
  });
}

PyObject* transposed(PyObject* self, int64_t a, int64_t b) {
  return try_object([&]() -> PyObject* { return wrap(call_function("transpose", {tensor_of(self), a, b})); });
}
PyObject* get_T(PyObject* self, void*) {
  return try_object([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (t.rank() < 2) return same(self);
    if (t.rank() == 2) return transposed(self, 0, 1);
    Dims order;
    for (int i = t.rank(); i-- > 0;) order.push_back(i);
    return wrap(call_function("permute", {t, order}));
  });
}
PyObject* get_mT(PyObject* self, void*) {
  if (tensor_of(self).rank() >= 2) return transposed(self, -2, -1);
  return try_object([&]() -> PyObject* {
    raise_value("mT: a tensor of at least 2 dims is needed, but the shape is ", to_string(tensor_of(self).shape()));
  });
}

PyObject* size(PyObject* self, PyObject* args, PyObject* kwargs) {
  return try_object([&]() -> PyObject* {
    static const char* names[] = {"dim", nullptr};
    PyObject* dim = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:size", const_cast<char**>(names), &dim)) return nullptr;
    if (dim == Py_None) return wrap(tensor_of(self).shape());
    const Py_ssize_t d = PyNumber_AsSsize_t(dim, PyExc_IndexError);
    if (d == -1 && PyErr_Occurred()) return nullptr;
    return PyLong_FromLongLong(tensor_of(self).size(d));
  });
}
PyObject* numel(PyObject* self, PyObject*) {
  return PyLong_FromLongLong(tensor_of(self).numel());
}
PyObject* rank(PyObject* self, PyObject*) {
  return PyLong_FromLong(tensor_of(self).rank());
}
PyObject* is_floating(PyObject* self, PyObject*) {
  return PyBool_FromLong(is_floating_point(tensor_of(self).dtype()));
}
PyObject* is_contiguous(PyObject*, PyObject*) {
  Py_RETURN_TRUE;
}  // memory layout is not visible: every tensor acts row-major
PyObject* item_method(PyObject* self, PyObject*) {
  return item(self);
}
PyObject* numpy_method(PyObject* self, PyObject*, PyObject*) {
  return to_numpy(self);
}
PyObject* eval_method(PyObject* self, PyObject*) {
  return try_object([&] {
    tensor_of(self).eval();
    return same(self);
  });
}
PyObject* is_computed(PyObject* self, PyObject*) {
  return PyBool_FromLong(tensor_of(self).is_computed());
}
PyObject* detach(PyObject* self, PyObject*) {
  return try_object([&] { return wrap(tensor_of(self).detach()); });
}

PyObject* requires_grad_(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"requires_grad", nullptr};
  int on = 1;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:requires_grad_", const_cast<char**>(names), &on)) return nullptr;
  return try_object([&] {
    tensor_of(self).set_requires_grad(on != 0);
    return same(self);
  });
}

PyObject* backward(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"gradient", "retain_graph", "create_graph", nullptr};
  PyObject *gradient = Py_None, *retain = Py_None;
  int create = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOp:backward", const_cast<char**>(names), &gradient, &retain,
                                   &create))
    return nullptr;
  const int keep = retain == Py_None ? create : PyObject_IsTrue(retain);
  if (keep < 0) return nullptr;
  return try_object([&] {
    Tensor g;
    if (gradient != Py_None && !to_tensor(gradient, &g))
      raise_type("backward: gradient must be a tensor, but is ", Py_TYPE(gradient)->tp_name);
    tensor_of(self).backward(g, keep == 1, create == 1);
    return none();
  });
}

PyObject* retain_grad(PyObject* self, PyObject*) {
  return try_object([&] {
    tensor_of(self).retain_grad();
    return none();
  });
}

PyObject* register_hook(PyObject* self, PyObject* hook) {
  return try_object([&]() -> PyObject* {
    if (!PyCallable_Check(hook))
      raise_type("register_hook: the hook must be callable, but is ", Py_TYPE(hook)->tp_name);
    const int id = tensor_of(self).register_hook([call = SharedObject(nb::borrow(hook))](const Tensor& g) {
      WithPython python;
      nb::object result = call.handle()(g);
      Tensor replacement;
      if (!result.is_none() && !to_tensor(result.ptr(), &replacement)) {
        raise_type("hook: a gradient hook must return a tensor or None, but returned ", Py_TYPE(result.ptr())->tp_name);
      }
      return replacement;
    });
    return nb::module_::import_("deepseek.autograd").attr("HookHandle")(nb::handle(self), id).release().ptr();
  });
}
PyObject* remove_hook(PyObject* self, PyObject* id) {
  const long number = PyLong_AsLong(id);
  if (number == -1 && PyErr_Occurred()) return nullptr;
  return try_object([&] {
    tensor_of(self).remove_hook(static_cast<int>(number));
    return none();
  });
}

}  // namespace

PyObject* item(PyObject* self) {
  return try_object([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    ensure(t.numel() == 1, "item: only a tensor of one element has an item, but the shape is ", to_string(t.shape()));
    if (t.dtype() == DType::bool_) return PyBool_FromLong(t.item<bool>());
    if (is_integral(t.dtype())) return PyLong_FromLongLong(t.item<int64_t>());
    return PyFloat_FromDouble(t.item<double>());
  });
}

PyObject* repr(PyObject* self) {
  return try_object(
      [&] { return nb::module_::import_("deepseek._repr").attr("tensor_repr")(nb::handle(self)).release().ptr(); });
}

#define GET(name, get, doc) \
  { name, get, nullptr, doc, nullptr }
PyGetSetDef tensor_properties[] = {
    GET("shape", get_shape, "The sizes, a tuple."),
    GET("ndim", get_ndim, "The number of dims."),
    GET("dtype", get_dtype, "The element type."),
    GET("device", get_device, "Where the tensor lives."),
    GET("itemsize", get_itemsize, "Bytes of one element."),
    GET("nbytes", get_nbytes, "Bytes of all elements."),
    GET("T", get_T, "The tensor with its dims reversed."),
    GET("mT", get_mT, "The tensor with its last two dims swapped."),
    GET("is_leaf", get_is_leaf, "Whether no recorded op made it, as far as gradients are concerned."),
    GET("is_symbolic", get_symbolic, "Whether it stands for a value of a functional model."),
    GET("grad_fn", get_grad_fn, "What made the tensor, when gradients pass through it."),
    GET("_version", get_version, "How often it was written in place."),
    {"requires_grad", get_requires_grad, set_requires_grad, "Whether gradients are recorded for it.", nullptr},
    {"grad", get_grad, set_grad, "The gradient that backward() accumulated, or None.", nullptr},
    {"data", get_data, set_data, "The same values outside the graph.", nullptr},
    {}};

#define KEYWORDS(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_VARARGS | METH_KEYWORDS
PyMethodDef tensor_methods[] = {
    {"size", KEYWORDS(size), "The sizes, or one of them."},
    {"numel", numel, METH_NOARGS, "The number of elements."},
    {"nelement", numel, METH_NOARGS, "The number of elements."},
    {"dim", rank, METH_NOARGS, "The number of dims."},
    {"ndimension", rank, METH_NOARGS, "The number of dims."},
    {"is_floating_point", is_floating, METH_NOARGS, "Whether the elements are floats."},
    {"is_contiguous", is_contiguous, METH_NOARGS, "Always true: layout in memory is not visible."},
    {"item", item_method, METH_NOARGS, "The one element as a Python number."},
    {"numpy", KEYWORDS(numpy_method), "A read-only numpy array over the computed values, without a copy."},
    {"eval", eval_method, METH_NOARGS, "Computes the values now."},
    {"is_computed", is_computed, METH_NOARGS, "Whether the values are there."},
    {"detach", detach, METH_NOARGS, "The same values outside the graph."},
    {"requires_grad_", KEYWORDS(requires_grad_), "Sets requires_grad and returns the tensor."},
    {"backward", KEYWORDS(backward), "Accumulates gradients into the .grad of the leaves."},
    {"retain_grad", retain_grad, METH_NOARGS, "Keeps the gradient of a tensor that is no leaf."},
    {"register_hook", register_hook, METH_O, "Calls a function with the gradient; what it returns replaces it."},
    {"_remove_hook", remove_hook, METH_O, nullptr},
    {}};

}  // namespace deepseek::python
