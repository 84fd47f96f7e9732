#include "deepseek/ops/attention/heads.h"

#include <limits>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek {
namespace {

Tensor as_added(const Tensor& mask, DType dtype) {
  if (mask.dtype() != DType::bool_) return cast(mask, dtype);
  return where(mask, -std::numeric_limits<double>::infinity(), filled({}, Tensor(scalar_value(0.0, dtype))));
}

Tensor widened(const Tensor& mask, int64_t columns) {
  if (columns == 0) return mask;
  Shape shape = mask.shape();
  shape.back() = columns;
  return cat({mask, filled(shape, Tensor(scalar_value(0.0, mask.dtype())))}, -1);
}

}  // namespace

Tensor split_heads(const Tensor& t, int64_t heads) {
  const Shape& s = t.shape();
  return permute(reshape(t, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

Tensor join_heads(const Tensor& t) {
  const Shape& s = t.shape();
  return reshape(permute(t, {0, 2, 1, 3}), {s[0], s[2], s[1] * s[3]});
}

std::optional<Tensor> heads_mask(std::string_view op, const std::optional<Tensor>& attention,
                                 const std::optional<Tensor>& padding, const Shape& scores, int64_t keys, DType dtype) {
  const int64_t batch = scores[0], heads = scores[1], rows = scores[2], given = scores[3];
  std::optional<Tensor> mask;
  if (attention) {
    const Shape flat{rows, given}, full{batch * heads, rows, given};
    ensure(attention->shape() == flat || attention->shape() == full, op, ": attn_mask must be ", to_string(flat),
           " or ", to_string(full), ", but it is ", to_string(attention->shape()));
    const Tensor m = widened(as_added(*attention, dtype), keys - given);
    mask = m.rank() == 2 ? m : reshape(m, {batch, heads, rows, keys});
  }
  if (padding) {
    ensure(padding->shape() == (Shape{batch, given}), op, ": key_padding_mask must be ", to_string(Shape{batch, given}),
           ", but it is ", to_string(padding->shape()));
    const Tensor added = reshape(widened(as_added(*padding, dtype), keys - given), {batch, 1, 1, keys});
    mask = mask ? *mask + added : added;
  }
  return mask;
}

Tensor attend_in_heads(const Tensor& query, const Tensor& key, const Tensor& value, const HeadsCall& call) {
  return join_heads(scaled_dot_product_attention(split_heads(query, call.heads), split_heads(key, call.heads),
                                                 split_heads(value, call.heads), call.mask, call.dropout, call.causal));
}

}  // namespace deepseek
