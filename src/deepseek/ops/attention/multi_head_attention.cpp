#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/attention/heads.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

constexpr std::string_view op = "multi_head_attention_forward";

// (rows, batch, width) -> (batch, heads, rows, width / heads)
Tensor heads_of(const Tensor& t, int64_t heads) {
  const Shape& s = t.shape();
  return permute(reshape(t, {s[0], s[1], heads, s[2] / heads}), {1, 2, 0, 3});
}

// One row after the last, shaped like the rows of t.
Tensor append_row(const Tensor& t, const Tensor& row) {
  const Shape& s = t.shape();
  return cat({t, expand(reshape(row, {1, 1, s[2]}), {1, s[1], s[2]})}, 0);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Result, multi_head_attention_forward,
    (const Tensor& query, const Tensor& key, const Tensor& value, int64_t embed_dim_to_check, int64_t num_heads,
     std::optional<Tensor> in_proj_weight, std::optional<Tensor> in_proj_bias, std::optional<Tensor> bias_k,
     std::optional<Tensor> bias_v, bool add_zero_attn, double dropout_p, const Tensor& out_proj_weight,
     std::optional<Tensor> out_proj_bias, bool training DEFAULT(true),
     std::optional<Tensor> key_padding_mask DEFAULT(std::nullopt), bool need_weights DEFAULT(true),
     std::optional<Tensor> attn_mask DEFAULT(std::nullopt), bool use_separate_proj_weight DEFAULT(false),
     std::optional<Tensor> q_proj_weight DEFAULT(std::nullopt), std::optional<Tensor> k_proj_weight DEFAULT(std::nullopt),
     std::optional<Tensor> v_proj_weight DEFAULT(std::nullopt), bool average_attn_weights DEFAULT(true),
     bool is_causal DEFAULT(false)),
    "Projects `query` (l, batch, e), `key` and `value` (s, batch, ...), attends in `num_heads` heads and projects back: the "
    "output\n"
    "(l, batch, e) and, with `need_weights`, the attention weights (batch, l, s), or (batch, heads, l, s) if not averaged.\n"
    "Masks of bool say what is not seen, others are added to the scores: `attn_mask` (l, s) or (batch * heads, l, s), "
    "`key_padding_mask` "
    "(batch, s). The batch dim may be missing everywhere.") {
  const bool single = query.rank() == 2;
  ensure((query.rank() == 3 || single) && key.rank() == query.rank() && value.rank() == query.rank(), op,
         ": query, key and value must be (rows, batch, features), but they are ", to_string(query.shape()), ", ",
         to_string(key.shape()), " and ", to_string(value.shape()));
  const auto with_batch = [&](const Tensor& t) { return single ? unsqueeze(t, 1) : t; };
  const Tensor q_in = with_batch(query), k_in = with_batch(key), v_in = with_batch(value);
  const int64_t rows = q_in.size(0), batch = q_in.size(1), width = q_in.size(2);
  ensure(width == embed_dim_to_check, op, ": expects ", embed_dim_to_check, " features, but query is ",
         to_string(query.shape()));
  ensure(num_heads >= 1 && width % num_heads == 0, op, ": ", width, " features cannot be split into ", num_heads, " heads");
  ensure(k_in.size(0) == v_in.size(0) && k_in.size(1) == batch && v_in.size(1) == batch, op, ": key ", to_string(key.shape()),
         " and value ", to_string(value.shape()), " must have the same rows, and the batch of query ",
         to_string(query.shape()));

  const auto part = [&](const std::optional<Tensor>& t, int64_t i) -> std::optional<Tensor> {
    if (!t) return std::nullopt;
    ensure(t->size(0) == 3 * width, op, ": in_proj must have ", 3 * width, " rows, but it is ", to_string(t->shape()));
    return slice(*t, 0, i * width, (i + 1) * width, 1);
  };
  const auto weight = [&](int64_t i, const std::optional<Tensor>& separate) {
    ensure(use_separate_proj_weight ? separate.has_value() : in_proj_weight.has_value(), op,
           ": the weights of the projections are missing");
    return use_separate_proj_weight ? *separate : *part(in_proj_weight, i);
  };
  Tensor q, k, v;
  if (!use_separate_proj_weight && query.same(key) && key.same(value) && in_proj_weight) {
    const Tensor all = linear(q_in, *in_proj_weight, in_proj_bias);  // one product instead of three
    ensure(all.size(2) == 3 * width, op, ": in_proj_weight must have ", 3 * width, " rows, but it is ",
           to_string(in_proj_weight->shape()));
    q = slice(all, 2, 0, width, 1), k = slice(all, 2, width, 2 * width, 1), v = slice(all, 2, 2 * width, 3 * width, 1);
  } else {
    q = linear(q_in, weight(0, q_proj_weight), part(in_proj_bias, 0));
    k = linear(k_in, weight(1, k_proj_weight), part(in_proj_bias, 1));
    v = linear(v_in, weight(2, v_proj_weight), part(in_proj_bias, 2));
  }
  if (bias_k && bias_v) k = append_row(k, *bias_k), v = append_row(v, *bias_v);
  ensure(bias_k.has_value() == bias_v.has_value(), op, ": give both bias_k and bias_v, or none");
  const auto zero_row = [&](const Tensor& t) { return cat({t, filled({1, batch, width}, Tensor(scalar_value(0.0, t.dtype())))},
                                                          0); };
  if (add_zero_attn) k = zero_row(k), v = zero_row(v);
  const int64_t given = k_in.size(0), keys = k.size(0);

  ensure(!is_causal || attn_mask, op, ": is_causal is a hint about attn_mask, which is missing");
  std::optional<Tensor> padding = key_padding_mask;
  if (single && padding && padding->rank() == 1) padding = unsqueeze(*padding, 0);
  const std::optional<Tensor> mask = heads_mask(op, attn_mask, padding, {batch, num_heads, rows, given}, keys, q.dtype());

  const Tensor qh = heads_of(q, num_heads), kh = heads_of(k, num_heads), vh = heads_of(v, num_heads);
  const double drop = training ? dropout_p : 0;
  Tensor heads, weights;
  if (need_weights) {
    Tensor scores = matmul(qh * (1 / std::sqrt(static_cast<double>(width / num_heads))), transpose(kh, -2, -1));
    if (mask) scores = scores + *mask;
    weights = softmax(scores, -1);
    if (drop > 0) weights = dropout(weights, drop, true);
    heads = matmul(weights, vh);
    if (average_attn_weights) weights = mean(weights, {1}, false);
    if (single) weights = squeeze(weights, {0});
  } else {
    heads = scaled_dot_product_attention(qh, kh, vh, mask, drop, false, std::nullopt);
  }
  const Tensor joined = reshape(permute(heads, {2, 0, 1, 3}), {rows, batch, width});
  const Tensor out = linear(single ? squeeze(joined, {1}) : joined, out_proj_weight, out_proj_bias);
  if (!need_weights) return out;
  return TensorList{out, weights};
}
DEEPSEEK_FACTS(multi_head_attention_forward, .in = {"functional"},
               .reference = "references.multi_head_attention(query, key, value, num_heads, in_proj_weight, in_proj_bias, "
                            "bias_k, bias_v, "
                            "add_zero_attn, out_proj_weight, out_proj_bias, key_padding_mask, need_weights, attn_mask, "
                            "(q_proj_weight, k_proj_weight, v_proj_weight), average_attn_weights)",
               .good = {"randn(5, 2, 4), randn(7, 2, 4), randn(7, 2, 4), 4, 2, randn(12, 4), randn(12), None, None, False, "
                        "0.0, randn(4, 4), randn(4)",
                        "randn(5, 4), randn(5, 4), randn(5, 4), 4, 2, randn(12, 4), None, None, None, False, 0.0, randn(4, 4), "
                        "None, attn_mask=randn(5, 5), "
                        "average_attn_weights=False",
                        "randn(3, 2, 4), randn(7, 2, 6), randn(7, 2, 5), 4, 1, None, randn(12), randn(1, 1, 4), randn(1, 1, "
                        "4), True, 0.0, randn(4, 4), "
                        "randn(4), need_weights=False, key_padding_mask=bools(2, 7), use_separate_proj_weight=True, "
                        "q_proj_weight=randn(4, 4), "
                        "k_proj_weight=randn(4, 6), v_proj_weight=randn(4, 5)"},
               .bad = {"randn(5, 2, 4), randn(7, 2, 4), randn(7, 2, 4), 4, 3, randn(12, 4), None, None, None, False, 0.0, "
                       "randn(4, 4), None", "randn(5, 2, 4), randn(7, 2, 4), randn(6, 2, 4), 4, 2, randn(12, 4), None, None, "
                                            "None, False, 0.0, randn(4, 4), None",
                       "randn(5, 2, 4), randn(7, 2, 4), randn(7, 2, 4), 4, 2, randn(12, 4), None, None, None, False, 0.0, "
                       "randn(4, 4), None, "
                       "attn_mask=randn(5, 5)"});

}  // namespace deepseek
