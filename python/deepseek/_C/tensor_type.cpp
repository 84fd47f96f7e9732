// The extension type behind deepseek.Tensor: life of the object, number protocol, comparison.
#include <array>
#include <new>

#include "errors.h"
#include "functions.h"
#include "tensor.h"
#include "tensor_parts.h"
#include <Python.h>
#include <structmember.h>

#include "deepseek/graph/operators.h"

namespace deepseek::python {

PyTypeObject* tensor_type;
PyTypeObject* parameter_type;

namespace {

// Memory of tensors that are gone: intermediate results come and go with every operation. Python's lock guards it.
std::array<void*, 64> spare_objects;
size_t spare_count = 0;

PyTensor* allocate(PyTypeObject* type) {
  if (type != tensor_type || spare_count == 0) return reinterpret_cast<PyTensor*>(type->tp_alloc(type, 0));
  return reinterpret_cast<PyTensor*>(PyObject_Init(static_cast<PyObject*>(spare_objects[--spare_count]), type));
}

PyObject* make(PyTypeObject* type, Tensor&& t) {
  PyTensor* o = allocate(type);
  if (!o) return nullptr;
  new (&o->tensor) Tensor(std::move(t));
  o->weakrefs = nullptr;
  if (TensorImpl* impl = o->tensor.impl()) impl->python_object = o;
  return reinterpret_cast<PyObject*>(o);
}

void dealloc(PyObject* self) {
  auto* o = reinterpret_cast<PyTensor*>(self);
  PyTypeObject* type = Py_TYPE(self);
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  if (TensorImpl* impl = o->tensor.impl(); impl && impl->python_object == self) impl->python_object = nullptr;
  o->tensor.~Tensor();
  if (type == tensor_type && spare_count < spare_objects.size()) spare_objects[spare_count++] = self;
  else type->tp_free(self);
  Py_DECREF(type);
}

// Tensor(data): as deepseek.tensor, but a subclass gets an instance of itself; its data is shared with a tensor that is
// given.
PyObject* construct(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    static const char* names[] = {"data", "requires_grad", nullptr};
    PyObject* data = nullptr;
    int requires_grad = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:Tensor", const_cast<char**>(names), &data, &requires_grad))
      return nullptr;
    Tensor t = is_tensor(data) ? tensor_of(data).detach() : tensor_from_data(data, std::nullopt);
    if (requires_grad) t.set_requires_grad();
    return make(type, std::move(t));
  });
}

// By identity: the low bits of an address say nothing.
Py_hash_t hash(PyObject* self) {
  return static_cast<Py_hash_t>(reinterpret_cast<uintptr_t>(self) >> 4);
}

// ---- numbers ----

template <auto name>
const Function* find_named() {
  static const Function* f = find_function(name());
  if (!f) PyErr_Format(PyExc_NotImplementedError, "deepseek has no function %s", name());
  return f;
}

#define NAMED(function) (find_named<[] { return #function; }>())
#define BINARY(slot, function)                          \
  PyObject* slot(PyObject* a, PyObject* b) {            \
    const Function* f = NAMED(function);                \
    return f ? call_binary(*f, a, b) : nullptr;         \
  }                                                     \
  PyObject* slot##_in_place(PyObject* a, PyObject* b) { \
    const Function* f = NAMED(function);                \
    return f ? binary_in_place(*f, a, b) : nullptr;     \
  }
#define UNARY(slot, function)               \
  PyObject* slot(PyObject* a) {             \
    const Function* f = NAMED(function);    \
    return f ? call_unary(*f, a) : nullptr; \
  }

PyObject* binary_in_place(const Function& f, PyObject* a, PyObject* b) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Tensor other;
    if (!to_tensor(b, &other)) Py_RETURN_NOTIMPLEMENTED;
    Tensor& self = tensor_of(a);
    assign_in_place(f, self, apply_binary(f, self, other));
    Py_INCREF(a);
    return a;
  });
}

// A number beside a tensor of no lower kind has that tensor's type from the start.
bool to_operand(PyObject* o, PyObject* peer, Tensor* out) {
  if (is_tensor(peer) && !tensor_of(peer).impl()->value().node->weak) {
    const DType type = tensor_of(peer).dtype();
    if (PyFloat_CheckExact(o) && is_floating_point(type)) {
      return *out = Tensor(scalar_value(PyFloat_AS_DOUBLE(o), type)), true;
    }
    if (PyLong_CheckExact(o) && type != DType::bool_) {
      int overflow = 0;
      const int64_t number = PyLong_AsLongLongAndOverflow(o, &overflow);
      if (overflow == 0) return *out = Tensor(scalar_value(number, type)), true;
    }
  }
  return to_tensor(o, out);
}

// The commonest operators go straight to the C++ ones.
template <class F>
PyObject* direct(PyObject* a, PyObject* b, F&& apply) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    if (!PyFloat_CheckExact(b) && is_tensor(a) && is_tensor(b)) return wrap(apply(tensor_of(a), tensor_of(b)));
    Tensor number;
    const bool left = is_tensor(a);
    if (!to_operand(left ? b : a, left ? a : b, &number)) Py_RETURN_NOTIMPLEMENTED;
    if (!left && !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
    return wrap(left ? apply(tensor_of(a), number) : apply(number, tensor_of(b)));
  });
}
#define DIRECT(slot, function, op)                                                \
  PyObject* slot(PyObject* a, PyObject* b) {                                      \
    return direct(a, b, [](const Tensor& x, const Tensor& y) { return x op y; }); \
  }                                                                               \
  PyObject* slot##_in_place(PyObject* a, PyObject* b) {                           \
    const Function* f = NAMED(function);                                          \
    return f ? binary_in_place(*f, a, b) : nullptr;                               \
  }

DIRECT(add, add, +)
DIRECT(subtract, sub, -)
DIRECT(multiply, mul, *)
DIRECT(divide, div, /)
BINARY(floor_divide, floor_divide)
BINARY(remainder, remainder)
BINARY(matmul, matmul)
BINARY(bit_and, bitwise_and)
BINARY(bit_or, bitwise_or)
BINARY(bit_xor, bitwise_xor)
BINARY(shift_left, bitwise_left_shift)
BINARY(shift_right, bitwise_right_shift)
UNARY(negative, neg)
UNARY(absolute, abs)
UNARY(invert, bitwise_not)

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  const Function* f = NAMED(pow);
  return f ? call_binary(*f, a, b) : nullptr;
}
PyObject* power_in_place(PyObject* a, PyObject* b, PyObject*) {
  const Function* f = NAMED(pow);
  return f ? binary_in_place(*f, a, b) : nullptr;
}
PyObject* positive(PyObject* a) {
  Py_INCREF(a);
  return a;
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
  return direct(a, b, [op](const Tensor& x, const Tensor& y) {
    switch (op) {
      case Py_LT:
        return x < y;
      case Py_LE:
        return x <= y;
      case Py_EQ:
        return x == y;
      case Py_NE:
        return x != y;
      case Py_GT:
        return x > y;
      default:
        return x >= y;
    }
  });
}

// ---- conversion to Python numbers ----

int truth(PyObject* self) {
  return guarded(-1, [&] {
    const Tensor& t = tensor_of(self);
    ensure(t.numel() == 1, "bool: the truth of a tensor with ", t.numel(), " elements is ambiguous, shape ",
           to_string(t.shape()), "; use .any() or .all()");
    return t.item<double>() != 0 ? 1 : 0;
  });
}
PyObject* as_int(PyObject* self) {
  PyObject* value = item(self);
  if (!value) return nullptr;
  PyObject* number = PyNumber_Long(value);
  Py_DECREF(value);
  return number;
}
PyObject* as_float(PyObject* self) {
  PyObject* value = item(self);
  if (!value) return nullptr;
  PyObject* number = PyNumber_Float(value);
  Py_DECREF(value);
  return number;
}
PyObject* as_index(PyObject* self) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (is_floating_point(t.dtype()) || t.numel() != 1) {
      raise_type("only integer tensors of one element can be an index, not ", to_string(t.spec()));
    }
    return item(self);
  });
}

PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr}, {}};

#define SLOT(id, function) \
  { id, reinterpret_cast<void*>(function) }
PyType_Slot slots[] = {
    SLOT(Py_tp_new, construct),
    SLOT(Py_tp_dealloc, dealloc),
    SLOT(Py_tp_hash, hash),
    SLOT(Py_tp_richcompare, compare),
    SLOT(Py_tp_members, members),
    SLOT(Py_tp_repr, repr),
    SLOT(Py_tp_iter, iterate),
    SLOT(Py_mp_length, length),
    SLOT(Py_mp_subscript, get_item),
    SLOT(Py_mp_ass_subscript, set_item),
    SLOT(Py_sq_contains, contains),
    SLOT(Py_nb_bool, truth),
    SLOT(Py_nb_int, as_int),
    SLOT(Py_nb_float, as_float),
    SLOT(Py_nb_index, as_index),
    SLOT(Py_nb_add, add),
    SLOT(Py_nb_subtract, subtract),
    SLOT(Py_nb_multiply, multiply),
    SLOT(Py_nb_true_divide, divide),
    SLOT(Py_nb_floor_divide, floor_divide),
    SLOT(Py_nb_remainder, remainder),
    SLOT(Py_nb_power, power),
    SLOT(Py_nb_matrix_multiply, matmul),
    SLOT(Py_nb_and, bit_and),
    SLOT(Py_nb_or, bit_or),
    SLOT(Py_nb_xor, bit_xor),
    SLOT(Py_nb_lshift, shift_left),
    SLOT(Py_nb_rshift, shift_right),
    SLOT(Py_nb_negative, negative),
    SLOT(Py_nb_positive, positive),
    SLOT(Py_nb_absolute, absolute),
    SLOT(Py_nb_invert, invert),
    SLOT(Py_nb_inplace_add, add_in_place),
    SLOT(Py_nb_inplace_subtract, subtract_in_place),
    SLOT(Py_nb_inplace_multiply, multiply_in_place),
    SLOT(Py_nb_inplace_true_divide, divide_in_place),
    SLOT(Py_nb_inplace_floor_divide, floor_divide_in_place),
    SLOT(Py_nb_inplace_remainder, remainder_in_place),
    SLOT(Py_nb_inplace_power, power_in_place),
    SLOT(Py_nb_inplace_and, bit_and_in_place),
    SLOT(Py_nb_inplace_or, bit_or_in_place),
    SLOT(Py_nb_inplace_xor, bit_xor_in_place),
    SLOT(Py_nb_inplace_matrix_multiply, matmul_in_place),
    SLOT(Py_nb_inplace_lshift, shift_left_in_place),
    SLOT(Py_nb_inplace_rshift, shift_right_in_place),
    SLOT(Py_tp_methods, tensor_methods),
    SLOT(Py_tp_getset, tensor_properties),
    {Py_tp_doc, const_cast<char*>("An n-dimensional array whose operations are recorded and computed on demand.")},
    {0, nullptr}};
PyType_Spec spec = {"deepseek.Tensor", sizeof(PyTensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

PyObject* wrap(const Tensor& t) {
  return wrap(Tensor(t));
}

PyObject* wrap(Tensor&& t) {
  TensorImpl* impl = t.impl();
  if (!impl) Py_RETURN_NONE;
  if (auto* known = static_cast<PyObject*>(impl->python_object)) {
    Py_INCREF(known);
    return known;
  }
  return make(impl->parameter ? parameter_type : tensor_type, std::move(t));
}

PyObject* wrap_as(PyTypeObject* type, const Tensor& t) {
  return make(type, Tensor(t));
}

DEEPSEEK_BINDING(tensor, 20) {
  tensor_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&spec)));
  parameter_type = tensor_type;
  nb::handle type(reinterpret_cast<PyObject*>(tensor_type));
  // numpy's operators leave the work to ours when a tensor is the right operand.
  type.attr("__array_priority__") = 1000;
  m.attr("Tensor") = type;
  m.def(
      "set_parameter_type",
      [](nb::type_object type) {
        if (!PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type.ptr()), tensor_type)) {
          raise_type("set_parameter_type: not a subclass of Tensor");
        }
        parameter_type = reinterpret_cast<PyTypeObject*>(type.release().ptr());
      },
      "The class of tensors that a module has marked as its parameters.");
}

}  // namespace deepseek::python
