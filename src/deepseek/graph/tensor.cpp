#include "deepseek/graph/tensor.h"

#include <cstring>
#include <mutex>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/leaf.h"
#include "deepseek/graph/pending_writes.h"
#include "deepseek/graph/rehearsal.h"
#include "deepseek/ops/core/alias.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/op.h"

namespace deepseek {

Tensor::Tensor(Value value) : impl_(Ref<TensorImpl>::first(new TensorImpl(std::move(value)))) {}
Tensor::Tensor(double number) : Tensor(Value{scalar_node({true, number, 0}, modes.default_dtype, true), 0}) {}
Tensor::Tensor(int64_t number) : Tensor(Value{scalar_node({false, 0, number}, DType::int64, true), 0}) {}
Tensor::Tensor(bool number) : Tensor(Value{scalar_node({false, 0, number}, DType::bool_, true), 0}) {}

Value scalar_value(double v, DType t) { return {scalar_node({true, v, 0}, t, false), 0}; }
Value scalar_value(int64_t v, DType t) { return {scalar_node({false, 0, v}, t, false), 0}; }

Tensor Tensor::from_storage(StorageRef storage, DType dtype, const Shape& shape, std::optional<Strides> strides, int64_t offset) {
  Strides s = strides ? *strides : contiguous_strides(shape);
  ensure(s.size() == shape.size(), "from_storage: ", s.size(), " strides are given for shape ", to_string(shape));
  int64_t low = offset, high = offset;
  for (int i = 0; i < shape.size(); ++i) (s[i] < 0 ? low : high) += s[i] * std::max<int64_t>(shape[i] - 1, 0);
  const int64_t elements = storage->bytes() / size_of(dtype);
  ensure(shape.numel() == 0 || (low >= 0 && high < elements), "from_storage: shape ", to_string(shape), " with strides ",
         to_string(s), " reaches outside the ", elements, " elements of the storage");
  return Tensor(Value{data_node({dtype, shape}, {std::move(storage), offset, s}), 0});
}

const Spec& Tensor::spec() const {
  if (!impl_) raise_type("the tensor is undefined");
  return impl_->value().spec();  // where another thread may derive a stale view again, the spec of the old value may go
}

const Value& Tensor::value() const& {
  if (!impl_) raise_type("the tensor is undefined");
  return impl_->value();
}

const Tensor& Tensor::eval() const {
  if (!impl_) raise_type("the tensor is undefined");
  if (impl_->value().node->computed && !impl_->has_pending_write()) return *this;
  const Value asked = impl_->value();
  evaluate(std::span<const Value>(&asked, 1));
  return *this;
}

bool Tensor::is_computed() const { return value().node->computed; }

namespace {
// Numbers get a buffer when somebody asks; several threads may.
void fill_number(const Node& number, Buffer& b) {
  static std::mutex& filling = *new std::mutex;
  const std::lock_guard lock(filling);
  if (b.storage) return;
  StorageRef storage = Storage::allocate(8);
  const uint64_t bits = scalar_bits(number.attrs_as<ScalarAttrs>(), number.spec().dtype);
  std::memcpy(storage->data(), &bits, sizeof bits);
  b.storage = std::move(storage);
}
}  // namespace

const Buffer& Tensor::buffer() const {
  eval();
  const Value& v = impl_->value();
  Buffer& b = v.node->outputs()[static_cast<size_t>(v.index)].buffer;
  if (v.node->lost) raise_runtime("the tensor's bytes were overwritten by an evaluation that failed; set it again");
  if (is_scalar(*v.node)) fill_number(*v.node, b);
  return b;
}

Tensor Tensor::contiguous_leaf() const {
  const Buffer& b = buffer();
  if (is_contiguous(shape(), b.strides)) return *this;
  NoGradGuard no_grad;
  Tensor copy = copy_of(*this);
  copy.eval();
  return copy;
}

namespace {
ScalarAttrs only_element(const Tensor& t) {
  if (t.numel() != 1) raise_value("item: the tensor has ", t.numel(), " elements ", to_string(t.shape()), ", not one");
  const Value v = t.value();
  if (is_scalar(*v.node)) {
    const uint64_t bits = scalar_bits(v.node->attrs_as<ScalarAttrs>(), t.dtype());
    return read_scalar(&bits, t.dtype());
  }
  const Buffer& b = t.buffer();
  return read_scalar(b.storage->data() + b.offset * size_of(t.dtype()), t.dtype());
}
}  // namespace

template <class T>
T Tensor::item() const {
  const ScalarAttrs s = only_element(*this);
  if constexpr (std::is_same_v<T, bool>) return s.is_float ? s.number != 0 : s.integer != 0;
  else if constexpr (std::is_integral_v<T>) return s.is_float ? static_cast<T>(s.number) : static_cast<T>(s.integer);
  else return static_cast<T>(s.as_double());
}
template double Tensor::item<double>() const;
template float Tensor::item<float>() const;
template int64_t Tensor::item<int64_t>() const;
template bool Tensor::item<bool>() const;
double Tensor::item() const { return item<double>(); }

// A node may have outputs with and without gradients: the values and the places of a maximum.
bool Tensor::requires_grad() const {
  return defined() && impl_->value().node->requires_grad && is_floating_point(dtype());
}

bool Tensor::is_leaf() const {
  return !requires_grad() || value().node->grad_leaf;
}

Tensor& Tensor::set_requires_grad(bool on) {
  const Value v = value();
  if (on && !is_floating_point(dtype())) {
    raise_type("requires_grad: only floating-point tensors can require gradients, but this one is ", name_of(dtype()));
  }
  if (on == v.node->requires_grad) return *this;
  if (!on && !v.node->grad_leaf) {
    raise_runtime("requires_grad: only a leaf can stop requiring gradients; use detach() on a result");
  }
  impl_->set_leaf(on);
  return *this;
}

Tensor Tensor::grad() const { return impl_ ? impl_->grad : Tensor(); }

void Tensor::set_grad(const Tensor& g) {
  if (g.defined() && !(g.shape() == shape())) {
    raise_value("grad: the gradient's shape ", to_string(g.shape()), " differs from the tensor's ", to_string(shape()));
  }
  value();
  if (Rehearsal* rehearsal = Rehearsal::current()) rehearsal->changes_gradient(*impl_);
  impl_->grad = g;
}

Tensor Tensor::detach() const {
  Tensor out{alias_of(value())};
  impl_->attach_alias(*out.impl());
  return out;
}

Tensor& Tensor::assign(const Tensor& value) {
  const Value mine = this->value();
  if (mine.node->requires_grad && mine.node->grad_leaf && modes.grad) {
    raise_runtime("in-place write: the tensor is a leaf that requires grad, and gradients are being recorded; write under no_grad()");
  }
  if (impl_->views_grad_leaf() && modes.grad) {
    raise_runtime("in-place write: the tensor is a view of a leaf that requires grad, and gradients are being recorded; write under "
                  "no_grad()");
  }
  Tensor v = cast(value, dtype());
  if (!(v.shape() == shape())) {
    if (!broadcastable_to(v.shape(), shape())) {
      raise_value("in-place write: a value of shape ", to_string(v.shape()), " does not fit a tensor of shape ", to_string(shape()));
    }
    v = filled(shape(), v);
  }
  impl_->rebind(v.value());
  return *this;
}

uint32_t Tensor::version() const { return impl_ ? impl_->version() : 0; }

}  // namespace deepseek
