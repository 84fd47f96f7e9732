// Attention in several heads between projections, rows in the middle dim.
#pragma once
#include <optional>

#include "deepseek/graph/tensor.h"

namespace deepseek {

// (batch, rows, width) -> (batch, heads, rows, width / heads); costs nothing.
Tensor split_heads(const Tensor& t, int64_t heads);
// The other way round; costs nothing on what attention gives for such heads.
Tensor join_heads(const Tensor& t);

// torch's two masks as one that is added to scores (batch, heads, rows, keys). Masks of bool say what is not seen:
// `attention` (rows, given) or (batch * heads, rows, given), `padding` (batch, given). Keys after the given ones are
// seen.
std::optional<Tensor> heads_mask(std::string_view op, const std::optional<Tensor>& attention,
                                 const std::optional<Tensor>& padding, const Shape& scores, int64_t keys, DType dtype);

struct HeadsCall {
  int64_t heads = 1;
  std::optional<Tensor> mask =
      {};  // of bool: where to look; else added to the scores; broadcasts to (batch, heads, rows, keys)
  double dropout = 0;
  bool causal = false;
};
// query (batch, rows, width), key and value (batch, keys, width) -> (batch, rows, width)
Tensor attend_in_heads(const Tensor& query, const Tensor& key, const Tensor& value, const HeadsCall& call);

}  // namespace deepseek
