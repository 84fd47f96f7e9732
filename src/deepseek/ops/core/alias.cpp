#include "deepseek/ops/core/alias.h"

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

struct Alias : ViewOp {
  static constexpr OpInfo info{.name = "alias"};
  static constexpr auto attrs = std::tuple{};
  static constexpr Saves saves = Saves::nothing;
  Spec infer(const Spec& in) const { return in; }
  bool view(const Spec&, const Strides& in, Strides& out, int64_t&) const {
    out = in;
    return true;
  }
  Tensor write_back(const Tensor&, const Tensor& value) const { return value; }
  void gradient(Grad& g) const { g.set(0, g.grad()); }
};

struct Untracked : Pointwise {
  static constexpr OpInfo info{.name = "untracked_write"};
  static constexpr Saves saves = Saves::nothing;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T, T value) {
    return value;
  }
  void gradient(Grad& g) const { g.set(0, g.grad()); }
};

}  // namespace

Value untracked(const Value& before, const Value& v) {
  const EnableGradGuard grad;
  return apply(Untracked{}, Tensor(before), Tensor(v)).value();
}

Value alias_of(const Value& v) {
  if (v.node->computed && !is_scalar(*v.node)) {
    const Output& o = v.node->outputs()[static_cast<size_t>(v.index)];
    return {data_node(o.spec, o.buffer), 0};
  }
  NoGradGuard no_grad;
  std::array<Value, 1> in{v};
  const Spec spec = v.spec();
  Alias attrs;
  return {record(op_of<Alias>(), &attrs, in, {&spec, 1}), 0};
}

Ref<Node> alias_step(const Spec& spec) {
  Alias attrs;
  return Node::create(op_of<Alias>(), &attrs, {}, {&spec, 1});
}

bool is_alias(const Node& n) { return n.op == op_of<Alias>(); }

}  // namespace deepseek
