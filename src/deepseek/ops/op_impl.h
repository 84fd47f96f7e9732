// How op structs become Op tables; op authors need not read this.
#pragma once
#include <new>
#include <optional>
#include <sstream>

namespace deepseek {
namespace detail {

template <class S>
void write_key(const void* p, KeyWriter& k) {
  std::apply([&](auto... member) { (k.add(static_cast<const S*>(p)->*member), ...); }, S::attrs);
}

template <class S, size_t... I>
Spec infer_fixed(const S& s, Specs in, std::index_sequence<I...>) {
  return s.infer(*in[I]...);
}
template <class S>
constexpr int infer_arity() {
  if constexpr (requires(const S s, const Spec x) { s.infer(); }) return 0;
  else if constexpr (requires(const S s, const Spec x) { s.infer(x); }) return 1;
  else if constexpr (requires(const S s, const Spec x) { s.infer(x, x); }) return 2;
  else if constexpr (requires(const S s, const Spec x) { s.infer(x, x, x); }) return 3;
  else if constexpr (requires(const S s, const Spec x) { s.infer(x, x, x, x); }) return 4;
  else return -1;
}

// Broadcast shape and result type of a pointwise op; raises when operand types differ or the op does not exist for them.
Spec infer_pointwise(const OpInfo& info, const fused::LaneOp& lanes, int conditions, Specs in);

template <class S>
void infer(const void* p, Specs in, std::vector<Spec>& out) {
  const S& s = *static_cast<const S*>(p);
  if constexpr (S::kind == OpKind::pointwise) {
    out.push_back(infer_pointwise(S::info, fused::lane_op<S, typename S::Lanes>, fused::detail::conditions_of<S>(), in));
  } else if constexpr (requires { s.infer(in, out); }) {
    s.infer(in, out);
  } else if constexpr (requires { s.infer(in); }) {
    out.push_back(s.infer(in));
  } else {
    constexpr int arity = infer_arity<S>();
    static_assert(arity >= 0, "an op needs `Spec infer(const Spec&, ...) const` or `infer(Specs)`");
    DEEPSEEK_CHECK(static_cast<int>(in.size()) == arity, S::info.name);
    out.push_back(infer_fixed(s, in, std::make_index_sequence<static_cast<size_t>(arity)>{}));
  }
}

template <class S, size_t... I>
Tensor expand_fixed(const S& s, const TensorList& in, std::index_sequence<I...>) {
  return s.expand(in[I]...);
}
template <class S>
void expand(const void* p, const TensorList& in, TensorList& out) {
  const S& s = *static_cast<const S*>(p);
  if constexpr (requires { s.expand(in, out); }) {
    s.expand(in, out);
  } else {
    out.push_back(expand_fixed(s, in, std::make_index_sequence<static_cast<size_t>(infer_arity<S>())>{}));
  }
}

template <class S>
KernelFn prepare(const void* p, KernelContext& context) {
  const S& s = *static_cast<const S*>(p);
  if constexpr (requires { s.prepare(context); }) {
    return s.prepare(context);
  } else {
    context.require_contiguous();
    return [s, context](const KernelRun& run) { s.cpu(KernelArgs(context, run)); };
  }
}

template <class T>
concept Printable = requires(std::ostream& os, const T& v) { os << v; };

template <class S>
std::string print(const void* p) {
  std::ostringstream os;
  os << S::info.name;
  auto one = [&](const auto& v) {
    using T = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<T, Dims>) os << ' ' << to_string(v);
    else if constexpr (std::is_same_v<T, DType>) os << ' ' << name_of(v);
    else if constexpr (std::is_enum_v<T>) os << ' ' << static_cast<int>(v);
    else if constexpr (Printable<T>) os << ' ' << v;
  };
  std::apply([&](auto... member) { (one(static_cast<const S*>(p)->*member), ...); }, S::attrs);
  return os.str();
}

inline int64_t resized(int64_t n, int64_t from, int64_t to) { return n % from == 0 ? n / from * to : n; }

template <class S>
void resize(void* p, int64_t from, int64_t to) {
  auto one = [&](auto& v) {
    using T = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<T, int64_t>) v = resized(v, from, to);
    else if constexpr (std::is_same_v<T, std::optional<int64_t>>) v = v ? std::optional(resized(*v, from, to)) : v;
    else if constexpr (std::is_same_v<T, Dims> || std::is_same_v<T, std::vector<int64_t>>)
      for (int64_t& n : v) n = resized(n, from, to);
  };
  std::apply([&](auto... member) { (one(static_cast<S*>(p)->*member), ...); }, S::attrs);
}

template <class S>
Op make_op() {
  static_assert(requires { S::info.name; }, "an op needs `static constexpr OpInfo info`");
  Op op{.info = S::info, .kind = S::kind};
  if constexpr (requires { S::gradient.reason; }) {
    op.not_differentiable = S::gradient.reason;
  } else {
    op.gradient = [](const void* p, Grad& g) { static_cast<const S*>(p)->gradient(g); };
  }
  if constexpr (requires { S::saves; }) op.saves = S::saves;
  if constexpr (requires { S::max_post_ops; }) op.max_post_ops = S::max_post_ops;
  op.attr_size = sizeof(S);
  op.attr_align = alignof(S);
  if constexpr (!std::is_empty_v<S>) op.move = [](void* to, void* from) { new (to) S(std::move(*static_cast<S*>(from))); };
  op.copy = [](void* to, const void* from) { new (to) S(*static_cast<const S*>(from)); };
  if constexpr (!std::is_trivially_destructible_v<S>) op.destroy = [](void* p) { static_cast<S*>(p)->~S(); };
  if constexpr (std::tuple_size_v<decltype(S::attrs)> > 0) op.key = &write_key<S>;
  op.print = &print<S>;
  op.resize = &resize<S>;
  op.infer = &infer<S>;
  if constexpr (S::kind == OpKind::pointwise) {
    op.lanes = &fused::lane_op<S, typename S::Lanes>;
    op.conditions = fused::detail::conditions_of<S>();
  }
  if constexpr (S::kind == OpKind::view) {
    op.view = [](const void* p, const Spec& in, const Strides& strides, Strides& out, int64_t& offset) {
      return static_cast<const S*>(p)->view(in, strides, out, offset);
    };
    op.write_back = [](const void* p, const Tensor& base, const Tensor& value) {
      return static_cast<const S*>(p)->write_back(base, value);
    };
  }
  if constexpr (S::kind == OpKind::composite) op.expand = &expand<S>;
  if constexpr (S::kind == OpKind::kernel) op.prepare = &prepare<S>;
  return op;
}

// Infers, then records; shared by the apply functions.
Ref<Node> record_inferred(const Op* op, void* attrs, std::span<const Tensor* const> inputs);

}  // namespace detail

template <class S>
const Op* op_of() {
  static const Op op = detail::make_op<S>();
  return &op;
}

template <class S, class... T>
Tensor apply(S attrs, const T&... inputs) {
  const std::array<const Tensor*, sizeof...(T)> in{&inputs...};
  Tensor out(Value{detail::record_inferred(op_of<S>(), &attrs, in), 0});
  if constexpr (S::kind == OpKind::view) in[0]->impl()->attach_view(*out.impl());
  return out;
}

template <class S>
TensorList apply_many(S attrs, const TensorList& inputs) {
  std::vector<const Tensor*> in;
  for (const Tensor& t : inputs) in.push_back(&t);
  Ref<Node> node = detail::record_inferred(op_of<S>(), &attrs, in);
  TensorList out;
  for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) out.emplace_back(Value{node, i});
  return out;
}

template <class S>
Tensor apply_list(S attrs, const TensorList& inputs) {
  return apply_many(std::move(attrs), inputs)[0];
}

}  // namespace deepseek
