// Tensor: a handle on a value of the graph. Copying the handle shares the tensor, as in torch.
//
// The value behind a handle can be replaced (in-place writes rebind it), so the handle points to a TensorImpl. A tensor and its
// views share a ViewCell, which is how a write through one is seen by the others although nodes themselves never change.
#pragma once
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "deepseek/graph/node.h"
#include "deepseek/tensor/error.h"

namespace deepseek {

class TensorImpl;
class Tensor;
using TensorList = std::vector<Tensor>;

class Tensor {
 public:
  Tensor() = default;  // undefined
  // Numbers are 0-d tensors that promote like Python numbers.
  Tensor(double number);
  Tensor(int64_t number);
  Tensor(int number) : Tensor(static_cast<int64_t>(number)) {}
  Tensor(float number) : Tensor(static_cast<double>(number)) {}
  Tensor(bool number);
  Tensor(const void*) = delete;  // a pointer is not a bool
  explicit Tensor(Value value);
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  // A computed leaf over existing bytes.
  static Tensor from_storage(StorageRef storage, DType dtype, const Shape& shape, std::optional<Strides> strides = {},
                             int64_t offset = 0);
  // A computed leaf with copied, row-major content.
  template <class T>
  static Tensor from_vector(const std::vector<T>& values, const Shape& shape);

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const = delete;
  const Spec& spec() const;
  DType dtype() const { return spec().dtype; }
  const Shape& shape() const { return spec().shape; }
  int rank() const { return spec().rank(); }
  int64_t dim() const { return spec().rank(); }
  int64_t numel() const { return spec().numel(); }
  int64_t size(int64_t d) const { return shape()[wrap_dim(d, rank(), "size")]; }

  // Values. All of these compute what is pending.
  const Tensor& eval() const;
  template <class T>
  T item() const;
  double item() const;                // as double
  const Buffer& buffer() const;       // computed, any strides
  Tensor contiguous_leaf() const;     // computed, row-major
  template <class T>
  std::vector<T> to_vector() const;   // T must be the element type
  bool is_computed() const;

  // Autograd.
  bool requires_grad() const;
  Tensor& set_requires_grad(bool on = true);
  bool is_leaf() const;
  Tensor grad() const;  // undefined before backward
  void set_grad(const Tensor& g);
  void backward(const Tensor& gradient = Tensor(), bool retain_graph = false, bool create_graph = false) const;
  Tensor detach() const;
  void retain_grad() const;
  // The hook may return a replacement gradient (or an undefined tensor to keep it). Returns an id for remove_hook.
  int register_hook(std::function<Tensor(const Tensor&)> hook) const;
  void remove_hook(int id) const;

  // Replaces the value in place: what x.add_(y) and y[...] = v end in. Shape must match; dtype is converted.
  // Raises as torch does for leaves that require grad while gradients are recorded, and for expanded views.
  Tensor& assign(const Tensor& value);
  uint32_t version() const;

  const Value& value() const&;  // the current value, after writes through other views
  Value value() && { return std::as_const(*this).value(); }
  TensorImpl* impl() const { return impl_.get(); }
  bool same(const Tensor& o) const { return impl_ == o.impl_; }

 private:
  Ref<TensorImpl> impl_;
};

extern template double Tensor::item<double>() const;
extern template float Tensor::item<float>() const;
extern template int64_t Tensor::item<int64_t>() const;
extern template bool Tensor::item<bool>() const;

template <class T>
Tensor Tensor::from_vector(const std::vector<T>& values, const Shape& shape) {
  ensure(static_cast<int64_t>(values.size()) == shape.numel(), "from_vector: shape ", to_string(shape), " needs ", shape.numel(),
         " values, but ", values.size(), " are given");
  StorageRef storage = Storage::allocate(static_cast<int64_t>(sizeof(T) * values.size()));
  std::copy(values.begin(), values.end(), reinterpret_cast<T*>(storage->data()));
  return from_storage(std::move(storage), dtype_of<T>, shape);
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  if (dtype() != dtype_of<T>) {
    raise_type("to_vector: the tensor is ", name_of(dtype()), " but ", name_of(dtype_of<T>), " is asked for");
  }
  const Tensor c = contiguous_leaf();
  const Buffer& b = c.buffer();
  const T* p = reinterpret_cast<const T*>(b.storage->data()) + b.offset;
  return std::vector<T>(p, p + numel());
}

// The value shared by a tensor and its views. When only one of them is left nobody else can see the base, and it is let go.
// Reading a tensor may make a view or derive one again, on several threads at once: but for the version, members are read and
// written under the lock, which is held for a few instructions.
class ViewCell : public RefCounted {
 public:
  Value value;
  std::atomic<uint32_t> version = 0;
  int members = 0;       // tensors that point here
  bool written = false;  // through one of them: the others may have to be derived again

  void lock() {
    while (locked_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_ = false;
};

class PendingWrites;

class TensorImpl : public RefCounted {
 public:
  explicit TensorImpl(Value v) : value_(std::move(v)) {}
  ~TensorImpl() override;
  static void* operator new(size_t);
  static void operator delete(void*);

  // Re-derives a stale view first. Several threads may call it while none writes the tensor or its views.
  const Value& value() {
    ViewCell* const cell = cell_.load(std::memory_order_acquire);
    if (cell && cell_version_.load(std::memory_order_acquire) != cell->version.load(std::memory_order_acquire)) derive(*cell);
    return value_;
  }
  const Spec& spec() const { return value_.spec(); }
  void rebind(Value v);  // in-place write: updates the cell, marks the write as pending

  // Makes `child` a view of this tensor by `child`'s own node.
  void attach_view(TensorImpl& child);
  bool is_view() const;
  uint32_t version() const {
    const ViewCell* const cell = cell_.load(std::memory_order_acquire);
    return cell ? cell->version.load(std::memory_order_relaxed) : version_;
  }
  bool has_pending_write() const { return pending_slot_.load(std::memory_order_acquire) >= 0; }
  void set_leaf(bool requires_grad);  // starts or ends the tape here
  void attach_alias(TensorImpl& child);  // detach(): a view by the identity
  void restore(Value before, Value cell_before);  // takes an in-place write back
  bool views_grad_leaf() const;

  bool requires_grad = false;  // leaf set by the user
  bool parameter = false;      // a module registers it when it is assigned to an attribute
  void* python_object = nullptr;  // its Python object while there is one, which then owns a count; guarded by the GIL
  Tensor grad;

 private:
  friend class PendingWrites;
  using Steps = std::vector<Ref<Node>>;
  void derive(ViewCell&);
  void write_through(ViewCell&, Value v);
  void leave_cell();
  ViewCell& cell_of(const Value& mine);
  // The value and the cell's, as they are now.
  std::pair<Value, Value> values() const;

  Value value_;                           // rewritten by derive() under the cell's lock, before cell_version_
  std::atomic<ViewCell*> cell_ = nullptr;  // counted; set once, by attach_view(), while others read
  Steps steps_;                           // view nodes from the cell's value to this one; empty for the base itself
  std::atomic<uint32_t> cell_version_ = 0;
  uint32_t version_ = 0;
  std::shared_ptr<PendingWrites> pending_list_;  // the list that refers to this tensor
  std::atomic<int> pending_slot_ = -1;           // there; below zero: in no list
};

// ---- recording ----

// Records one op application. Grad mode, symbolic and layer facts are taken from the inputs and the scopes.
// `inputs` are moved from. Returns the node; its outputs have the given specs.
Ref<Node> record(const Op* op, void* attrs, std::span<Value> inputs, std::span<const Spec> outputs);

// Node::sequence of the node that this thread recorded last.
uint64_t recorded_so_far();

// A number of a given dtype as a 0-d value: a slot of the plan, not part of its key.
Value scalar_value(double v, DType t);
Value scalar_value(int64_t v, DType t);

// Computes all pending writes of this thread and the given values, in one plan. The caller holds the values: not through a
// tensor, whose value may change meanwhile.
void evaluate(std::span<const Value> roots);
void evaluate(const TensorList& roots);
void evaluate_pending_writes();

}  // namespace deepseek
