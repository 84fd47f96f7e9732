#include "deepseek/graph/leaf.h"

#include <cstring>

#include "deepseek/ops/op.h"
#include "deepseek/tensor/half.h"

namespace deepseek {
namespace {

struct Data {
  static constexpr OpKind kind = OpKind::leaf;
  static constexpr OpInfo info{.name = "data"};
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient{"it is data"};
  void infer(Specs, std::vector<Spec>&) const {}
};

struct Scalar : ScalarAttrs {
  static constexpr OpKind kind = OpKind::leaf;
  static constexpr OpInfo info{.name = "number"};
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient{"it is a number"};
  void infer(Specs, std::vector<Spec>&) const {}
};

struct Placeholder {
  static constexpr OpKind kind = OpKind::leaf;
  static constexpr OpInfo info{.name = "placeholder"};
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient{"it stands for a value that is not known"};
  void infer(Specs, std::vector<Spec>&) const {}
};

template <class T>
T convert(const ScalarAttrs& s) {
  if constexpr (std::is_same_v<T, float16_t>) return to_float16(static_cast<float>(s.as_double()));
  else if constexpr (std::is_same_v<T, bfloat16_t>) return to_bfloat16(static_cast<float>(s.as_double()));
  else if constexpr (std::is_same_v<T, bool>) return s.is_float ? s.number != 0 : s.integer != 0;
  else if constexpr (std::is_floating_point_v<T>) return static_cast<T>(s.as_double());
  else if (!s.is_float) return static_cast<T>(s.integer);
  else if (!(s.number > -0x1p63 && s.number < 0x1p63)) return static_cast<T>(INT64_MIN);
  else return static_cast<T>(static_cast<int64_t>(s.number));
}

}  // namespace

const Op* data_op() { return op_of<Data>(); }
const Op* scalar_op() {
  static const Op* const op = op_of<Scalar>();
  return op;
}
const Op* placeholder_op() { return op_of<Placeholder>(); }

Ref<Node> data_node(const Spec& spec, Buffer buffer) {
  Data attrs;
  Ref<Node> n = Node::create(data_op(), &attrs, {}, {&spec, 1});
  n->outputs()[0].buffer = std::move(buffer);
  n->computed = true;
  return n;
}

Ref<Node> scalar_node(const ScalarAttrs& number, DType dtype, bool weak) {
  Scalar attrs{number};
  const Spec spec{dtype, {}};
  Ref<Node> n = Node::create(scalar_op(), &attrs, {}, {&spec, 1});
  n->computed = true;
  n->weak = weak;
  return n;
}

Ref<Node> placeholder_node(const Spec& spec) {
  Placeholder attrs;
  return Node::create(placeholder_op(), &attrs, {}, {&spec, 1});
}

uint64_t scalar_bits(const ScalarAttrs& attrs, DType dtype) {
  return visit_dtype(dtype, [&](auto t) {
    using T = decltype(t);
    const T v = convert<T>(attrs);
    uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    return bits;
  });
}

ScalarAttrs read_scalar(const void* element, DType dtype) {
  return visit_dtype(dtype, [&](auto t) -> ScalarAttrs {
    using T = decltype(t);
    T v;
    std::memcpy(&v, element, sizeof v);
    if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) return {true, to_float(v), 0};
    else if constexpr (std::is_floating_point_v<T>) return {true, static_cast<double>(v), 0};
    else return {false, 0, static_cast<int64_t>(v)};
  });
}

}  // namespace deepseek
