#include "deepseek/autograd/anomaly.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/op.h"

namespace deepseek::autograd {
namespace {

struct Found {
  bool nan = false;
  bool inf = false;
};

// Exponent bits all ones means infinity, or NaN when the fraction is not zero. Bits are looked at, not values, so that
// the 16-bit formats need no conversion.
template <class Bits>
Found scan(const std::byte* base, const Shape& shape, const Strides& strides, Bits exponent) {
  const Bits magnitude = static_cast<Bits>(~(Bits{1} << (8 * sizeof(Bits) - 1)));
  Found found;
  Dims at = Dims::filled(shape.size(), 0);
  const int last = shape.size() - 1;
  const int64_t row = last < 0 ? 1 : shape[last];
  const int64_t step = last < 0 ? 0 : strides[last];
  const int64_t rows = row == 0 ? 0 : shape.numel() / row;
  for (int64_t r = 0; r < rows; ++r) {
    int64_t offset = 0;
    for (int d = 0; d < last; ++d) offset += at[d] * strides[d];
    for (int64_t i = 0; i < row; ++i) {
      Bits b;
      std::memcpy(&b, base + (offset + i * step) * static_cast<int64_t>(sizeof(Bits)), sizeof b);
      b &= magnitude;
      if ((b & exponent) == exponent) (b == exponent ? found.inf : found.nan) = true;
    }
    for (int d = last - 1; d >= 0 && ++at[d] == shape[d]; --d) at[d] = 0;
  }
  return found;
}

Found scan(const Node& node, int index = 0) {
  const Output& output = node.outputs()[static_cast<size_t>(index)];
  if (is_scalar(node) && is_floating_point(output.spec.dtype)) {
    const double v = node.attrs_as<ScalarAttrs>().as_double();
    return {std::isnan(v), std::isinf(v)};
  }
  if (!output.buffer.storage) return {};
  const Buffer& b = output.buffer;
  const Shape& shape = output.spec.shape;
  const std::byte* base = b.storage->data() + b.offset * size_of(output.spec.dtype);
  switch (output.spec.dtype) {
    case DType::float16: return scan<uint16_t>(base, shape, b.strides, 0x7c00);
    case DType::bfloat16: return scan<uint16_t>(base, shape, b.strides, 0x7f80);
    case DType::float32: return scan<uint32_t>(base, shape, b.strides, 0x7f800000u);
    case DType::float64: return scan<uint64_t>(base, shape, b.strides, 0x7ff0000000000000ull);
    default: return {};
  }
}

void check(const Node& node, std::span<const Value> inputs) {
  Found in;
  int nan_input = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Found f = scan(*inputs[i].node, inputs[i].index);
    if (f.nan && nan_input < 0) nan_input = static_cast<int>(i);
    in.nan |= f.nan;
    in.inf |= f.inf;
  }
  bool only_numbers = true;
  for (const Value& v : inputs) only_numbers &= v.spec().rank() == 0;
  if (only_numbers && in.nan) return;  // a number that the user wrote, e.g. full(..., nan)
  Found out;
  for (size_t i = 0; i < node.outputs().size(); ++i) {
    const Found f = scan(node, static_cast<int>(i));
    out.nan |= f.nan;
    out.inf |= f.inf;
  }
  const bool made_inf = out.inf && !in.inf && !in.nan;
  if (!out.nan && !made_inf) return;
  std::string message = concat("anomaly mode: ", node.op->info.name, " gave ", out.nan ? "NaN" : "infinity", " in the ",
                               node.line.backward ? "backward" : "forward", " pass");
  message += nan_input < 0 ? " from inputs without it" : concat(", because its input ", nan_input, " holds NaN already");
  if (!inputs.empty()) {
    message += "\n  inputs:";
    for (const Value& v : inputs) message.append(" ").append(to_string(v.spec()));
  }
  throw Error(ErrorKind::runtime, message + origin_of(node));
}

}  // namespace

std::string origin_of(const Node& node) {
  std::string s;
  if (node.layer) s += "\n  in layer: " + *node.layer;
  if (std::string line = describe(node.line); !line.empty()) s += "\n  at " + line;
  return s;
}

void evaluate_checked(std::span<const Ref<Node>> nodes, void (*compute)(Node&)) {
  for (const Ref<Node>& node : nodes) {
    if (node->computed) continue;
    // Held here: a computed node lets its inputs go.
    const std::vector<Value> inputs(node->inputs().begin(), node->inputs().end());
    compute(*node);
    check(*node, inputs);
  }
}

}  // namespace deepseek::autograd
