// Tensor to numpy and DLPack in both directions, without copies.
#include <cstring>

#include "dlpack.h"
#include "errors.h"
#include "gil.h"
#include "tensor_parts.h"

namespace deepseek::python {
namespace {

// A computed value, kept alive and unchanged: in-place writes to the tensor rebind it to another value.
struct Memory {
  Value value;
  StorageRef storage;
  DType dtype;
  Shape shape;
  Strides strides;
  std::byte* data;
};

Memory memory_of(const Tensor& t) {
  const Tensor leaf = t.contiguous_leaf();
  const Buffer& b = leaf.buffer();
  const Shape& shape = leaf.shape();
  return {leaf.value(),
          b.storage,
          leaf.dtype(),
          shape,
          contiguous_strides(shape),
          b.storage->data() + b.offset * size_of(leaf.dtype())};
}

// What a numpy array refers to: shows the memory through Python's buffer protocol.
struct MemoryObject {
  PyObject_HEAD Memory* memory;
  Py_ssize_t shape[max_rank], strides[max_rank];
};
PyTypeObject* memory_type;

const char* format_of(DType t) {
  constexpr const char* formats[dtype_count] = {"?", "B", "b", "h", "i", "q", "e", "H", "f", "d"};
  return formats[static_cast<int>(t)];
}

int get_buffer(PyObject* self, Py_buffer* b, int flags) {
  auto* o = reinterpret_cast<MemoryObject*>(self);
  const Memory& m = *o->memory;
  if (flags & PyBUF_WRITABLE) {
    PyErr_SetString(PyExc_BufferError, "the values of a tensor are read-only outside of it; copy them");
    b->obj = nullptr;
    return -1;
  }
  const int64_t size = size_of(m.dtype);
  b->buf = m.data;
  b->obj = self;
  Py_INCREF(self);
  b->len = m.shape.numel() * size;
  b->readonly = 1;
  b->itemsize = size;
  b->format = const_cast<char*>(format_of(m.dtype));
  b->ndim = m.shape.size();
  b->shape = o->shape;
  b->strides = o->strides;
  b->suboffsets = nullptr;
  b->internal = nullptr;
  return 0;
}

void memory_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete reinterpret_cast<MemoryObject*>(self)->memory;
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot memory_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
                              {Py_tp_dealloc, reinterpret_cast<void*>(memory_dealloc)},
                              {0, nullptr}};
PyType_Spec memory_spec = {"deepseek._C.Memory", sizeof(MemoryObject), 0, Py_TPFLAGS_DEFAULT, memory_slots};

PyObject* new_memory(Memory&& m) {
  auto* o = reinterpret_cast<MemoryObject*>(memory_type->tp_alloc(memory_type, 0));
  if (!o) return nullptr;
  o->memory = new Memory(std::move(m));
  for (int i = 0; i < o->memory->shape.size(); ++i) {
    o->shape[i] = o->memory->shape[i];
    o->strides[i] = o->memory->strides[i] * size_of(o->memory->dtype);
  }
  return reinterpret_cast<PyObject*>(o);
}

// ---- DLPack ----

constexpr std::pair<dlpack::Code, uint8_t> dlpack_types[dtype_count] = {
    {dlpack::boolean, 8},     {dlpack::unsigned_int, 8}, {dlpack::signed_int, 8}, {dlpack::signed_int, 16},
    {dlpack::signed_int, 32}, {dlpack::signed_int, 64},  {dlpack::floating, 16},  {dlpack::bfloat, 16},
    {dlpack::floating, 32},   {dlpack::floating, 64}};

struct Exported {
  Memory memory;
  dlpack::Managed legacy{};
  dlpack::ManagedVersioned versioned{};
};

void fill(dlpack::Array* a, Memory& m) {
  const auto [code, bits] = dlpack_types[static_cast<int>(m.dtype)];
  *a = {m.data,
        {dlpack::cpu, 0},
        m.shape.size(),
        {static_cast<uint8_t>(code), bits, 1},
        m.shape.begin(),
        m.strides.begin(),
        0};
}

template <class M>
void drop_capsule(PyObject* capsule, const char* name) {
  if (!PyCapsule_IsValid(capsule, name)) return;  // consumed: the consumer calls the deleter
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}

PyObject* export_capsule(Memory&& memory, bool versioned) {
  auto* e = new Exported{std::move(memory)};
  if (versioned) {
    e->versioned.version = {1, 0};
    e->versioned.context = e;
    e->versioned.deleter = [](dlpack::ManagedVersioned* m) { delete static_cast<Exported*>(m->context); };
    e->versioned.flags = dlpack::read_only;
    fill(&e->versioned.array, e->memory);
    return PyCapsule_New(&e->versioned, dlpack::versioned_name,
                         [](PyObject* c) { drop_capsule<dlpack::ManagedVersioned>(c, dlpack::versioned_name); });
  }
  e->legacy.context = e;
  e->legacy.deleter = [](dlpack::Managed* m) { delete static_cast<Exported*>(m->context); };
  fill(&e->legacy.array, e->memory);
  return PyCapsule_New(&e->legacy, dlpack::name, [](PyObject* c) { drop_capsule<dlpack::Managed>(c, dlpack::name); });
}

template <class M>
Tensor import_managed(PyObject* capsule, const char* name, const char* used, bool writable) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (!managed) throw nb::python_error();
  const dlpack::Array& a = managed->array;
  if (a.device.type != dlpack::cpu)
    raise_runtime("from_dlpack: the array lives on device type ", a.device.type, ", but only the CPU is supported");
  int found = -1;
  for (int i = 0; i < dtype_count; ++i) {
    if (dlpack_types[i].first == a.type.code && dlpack_types[i].second == a.type.bits && a.type.lanes == 1) found = i;
  }
  if (found < 0)
    raise_type("from_dlpack: no tensor has elements of DLPack code ", int{a.type.code}, " with ", int{a.type.bits},
               " bits");
  ensure(a.rank <= max_rank, "from_dlpack: tensors have at most ", max_rank, " dims, but the array has ", a.rank);
  const DType dtype = static_cast<DType>(found);
  Shape shape;
  Strides strides;
  int64_t reach = 1;
  for (int i = 0; i < a.rank; ++i) shape.push_back(a.shape[i]);
  const Strides dense = contiguous_strides(shape);
  for (int i = 0; i < a.rank; ++i) {
    strides.push_back(a.strides ? a.strides[i] : dense[i]);
    ensure(strides[i] >= 0, "from_dlpack: negative strides are not supported; copy the array first");
    reach += (shape[i] - 1) * strides[i];
  }
  PyCapsule_SetName(capsule, used);
  // The producer's deleter may need Python's lock, which an evaluating thread must not wait for: a capsule carries it.
  nb::object keeper = nb::steal(checked(PyCapsule_New(managed, name, [](PyObject* c) {
    auto* m = static_cast<M*>(PyCapsule_GetPointer(c, PyCapsule_GetName(c)));
    if (m->deleter) m->deleter(m);
  })));
  StorageRef storage = Storage::borrow(
      static_cast<std::byte*>(a.data) + a.byte_offset, shape.numel() ? reach * size_of(dtype) : 0,
      [owner = SharedObject(std::move(keeper))] {}, writable);
  return Tensor::from_storage(std::move(storage), dtype, shape, strides);
}

Tensor import_capsule(PyObject* c) {
  if (PyCapsule_IsValid(c, dlpack::versioned_name)) {
    auto* m = static_cast<dlpack::ManagedVersioned*>(PyCapsule_GetPointer(c, dlpack::versioned_name));
    ensure(m->version.major == 1, "from_dlpack: DLPack version ", m->version.major, " is not understood");
    return import_managed<dlpack::ManagedVersioned>(c, dlpack::versioned_name, "used_dltensor_versioned",
                                                    !(m->flags & dlpack::read_only));
  }
  if (!PyCapsule_IsValid(c, dlpack::name))
    raise_type("from_dlpack: expected an unused DLPack capsule, or an object with __dlpack__");
  return import_managed<dlpack::Managed>(c, dlpack::name, "used_dltensor", true);
}

}  // namespace

PyObject* to_numpy(PyObject* self) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (t.requires_grad()) raise_runtime("numpy: the tensor requires grad; use tensor.detach().numpy()");
    if (t.dtype() == DType::bfloat16) raise_type("numpy: numpy has no bfloat16; use tensor.float().numpy()");
    static PyObject* asarray = nb::object(nb::module_::import_("numpy").attr("asarray")).release().ptr();
    nb::object memory = nb::steal(checked(new_memory(memory_of(t))));
    return PyObject_CallOneArg(asarray, memory.ptr());
  });
}

DEEPSEEK_BINDING(exchange, 22) {
  memory_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&memory_spec)));
  // The bytes of any element type, bfloat16 included: what pickling and files write.
  m.def(
      "raw_bytes", [](const Tensor& t) { return nb::steal(checked(new_memory(memory_of(t)))); },
      "A read-only buffer over the computed values; bfloat16 shows as uint16.");
  m.def("to_dlpack", [](const Tensor& t, bool versioned) {
    if (t.requires_grad()) raise_runtime("__dlpack__: the tensor requires grad; use tensor.detach()");
    return nb::steal(checked(export_capsule(memory_of(t), versioned)));
  });
  m.def("from_dlpack_capsule", [](nb::handle capsule) { return import_capsule(capsule.ptr()); });
}

}  // namespace deepseek::python
