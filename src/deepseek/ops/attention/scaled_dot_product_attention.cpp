#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/attention/attention.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/random/generator.h"

namespace deepseek {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Products and softmax; any floating type, any batch dims that broadcast.
Tensor composed(const Tensor& q, const Tensor& k, const Tensor& v, const std::optional<Tensor>& mask, double dropout_p,
                bool causal, double scale) {
  Tensor scores = product(q * scale, k, false, true);
  if (mask) scores = scores + *mask;
  if (causal) scores = where(causal_mask(q.size(-2), k.size(-2)), scores, -infinity);
  Tensor p = softmax(scores, -1);
  if (dropout_p > 0) p = dropout(p, dropout_p, true);
  return product(p, v);
}

// (..., l, e) as (n, h, l, e)
Tensor as_heads(const Tensor& t) {
  if (t.rank() == 4) return t;
  const Shape& s = t.shape();
  if (t.rank() == 2) return reshape(t, {1, 1, s[0], s[1]});
  int64_t items = 1;
  for (int d = 0; d < t.rank() - 3; ++d) items *= s[d];
  return reshape(t, {items, s[t.rank() - 3], s[t.rank() - 2], s.back()});
}

bool same_batch(const Tensor& a, const Tensor& b) {
  return a.rank() == b.rank() && std::equal(a.shape().begin(), a.shape().end() - 2, b.shape().begin());
}

constexpr std::string_view op = "scaled_dot_product_attention";

Tensor attend(const Tensor& query, const Tensor& key, const Tensor& value, const std::optional<Tensor>& attn_mask, double dropout_p,
              bool is_causal, std::optional<double> scale) {
  const auto shapes = [&] { return concat("query ", to_string(query.shape()), ", key ", to_string(key.shape()), ", value ",
                                          to_string(value.shape())); };
  ensure(query.rank() >= 2 && key.rank() >= 2 && value.rank() >= 2, op,
         ": operands must be (..., rows, features), but they are ", shapes());
  ensure(query.shape().back() == key.shape().back(), op, ": query and key must have the same features (", shapes(), ")");
  ensure(key.size(-2) == value.size(-2), op, ": key and value must have the same rows (", shapes(), ")");
  ensure(dropout_p >= 0 && dropout_p <= 1, op, ": dropout_p must be in [0, 1], but it is ", dropout_p);
  ensure(!attn_mask || !is_causal, op, ": give either attn_mask or is_causal");
  if (!is_floating_point(query.dtype())) raise_type(op, ": operands must be floating point, but query is ",
                                                    name_of(query.dtype()));
  check_product_types(op, query, "query", key, "key");
  check_product_types(op, query, "query", value, "value");
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, query.shape().back()))));
  std::optional<Tensor> mask;
  if (attn_mask) {
    Shape scores = broadcast(query.shape(), key.shape().size() > query.shape().size() ? key.shape() : query.shape(), op);
    scores[scores.size() - 2] = query.size(-2), scores.back() = key.size(-2);
    ensure(broadcastable_to(attn_mask->shape(), scores), op, ": attn_mask must broadcast to ", to_string(scores),
           ", but it is ", to_string(attn_mask->shape()));
    if (attn_mask->dtype() != DType::bool_ && !is_floating_point(attn_mask->dtype())) {
      raise_type(op, ": attn_mask must be bool or floating point, but it is ", name_of(attn_mask->dtype()));
    }
    mask = attn_mask->dtype() == DType::bool_ ? where(*attn_mask, filled({}, Tensor(scalar_value(0.0, query.dtype()))),
                                                      -infinity)
                                              : cast(*attn_mask, query.dtype());
  }
  const bool draws = dropout_p == 0 || (query.dtype() == DType::float32 && dropout_p < 1);  // inside the tiles
  const bool tiled = query.dtype() != DType::float64 && draws && same_batch(query, key) && same_batch(key, value) &&
                     query.numel() > 0 && key.numel() > 0 && value.numel() > 0 && !(mask &&
                                                                                    (mask->requires_grad() ||
                                                                                     query.rank() > 4));
  if (!tiled) return composed(query, key, value, mask, dropout_p, is_causal, factor);
  Attention attention;
  attention.scale = factor, attention.causal = is_causal;
  attention.dropout = dropout_p < 0x1p-17 ? 0 : std::min(dropout_p, 1 - 0x1p-16);  // in steps of 2^-16
  TensorList in{as_heads(query), as_heads(key), as_heads(value)};
  if (mask) in.push_back(query.rank() == 3 && mask->rank() == 3 ? reshape(*mask, {1, mask->size(0), mask->size(1),
                                                                                  mask->size(2)}) : *mask);
  if (attention.dropout > 0) in.push_back(next_random_key());
  Shape shape = query.shape();
  shape.back() = value.shape().back();
  const Tensor out = apply_list(attention, in);
  return query.rank() == 4 ? out : reshape(out, shape);
}

// Each head as often as the query's heads share it.
Tensor shared_heads(const Tensor& query, const Tensor& t, std::string_view name) {
  ensure(query.rank() >= 3 && t.rank() >= 3 && t.size(-3) > 0 && query.size(-3) % t.size(-3) == 0, op,
         ": enable_gqa needs heads of query that are a multiple of those of ", name, ", but they are ", to_string(query.shape()), " and ",
         to_string(t.shape()));
  const int64_t times = query.size(-3) / t.size(-3);
  return times == 1 ? t : repeat_interleave(t, Tensor(times), t.rank() - 3);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, scaled_dot_product_attention,
                  (const Tensor& query, const Tensor& key, const Tensor& value,
                   std::optional<Tensor> attn_mask DEFAULT(std::nullopt), double dropout_p DEFAULT(0.0),
                   bool is_causal DEFAULT(false), std::optional<double> scale DEFAULT(std::nullopt), bool enable_gqa DEFAULT(false)),
                  "For each row of `query` (..., l, e), the rows of `value` (..., s, w) weighted by the softmax of its "
                  "products with the rows of "
                  "`key` (..., s, e): (..., l, w).\n`attn_mask` (..., l, s) is added, or says where to look (bool); with "
                  "`is_causal` query i "
                  "sees keys 0 to i; `scale` is 1 / sqrt(e) unless given. With `enable_gqa` each head of key and value serves as many heads of "
                  "query, one after the other, as there are.") {
  const Tensor q = autocast_lower(query), k = autocast_lower(key), v = autocast_lower(value);
  if (!enable_gqa) return attend(q, k, v, attn_mask, dropout_p, is_causal, scale);
  return attend(q, shared_heads(q, k, "key"), shared_heads(q, v, "value"), attn_mask, dropout_p, is_causal, scale);
}
DEEPSEEK_FACTS(scaled_dot_product_attention, .in = {"functional"},
               .reference = "references.attention(query, *([numpy.repeat(t, query.shape[-3] // t.shape[-3], -3) for t in (key, value)] if enable_gqa else "
                            "[key, value]), attn_mask, is_causal, scale)",
               .good = {"randn(2, 3, 5, 4), randn(2, 3, 7, 4), randn(2, 3, 7, 6)",
                        "randn(3, 5, 4), randn(3, 5, 4), randn(3, 5, 4), is_causal=True",
                        "randn(5, 4), randn(6, 4), randn(6, 2), randn(5, 6)",
                        "randn(2, 2, 3, 4), randn(2, 2, 3, 4), randn(2, 2, 3, 4), randn(2, 1, 1, 3), scale=0.3",
                        "randn(2, 1, 3, 4), randn(1, 3, 5, 4), randn(3, 5, 2)", "randn(2, 4, 3, 4), randn(2, 2, 5, 4), randn(2, 2, 5, 4), enable_gqa=True",
                        "randn(4, 3, 4), randn(1, 5, 4), randn(2, 5, 4), enable_gqa=True"},
               .bad = {"randn(2, 5, 4), randn(2, 7, 3), randn(2, 7, 6)", "randn(2, 5, 4), randn(2, 7, 4), randn(2, 6, 6)",
                       "randn(5, 4), randn(6, 4), randn(6, 2), randn(5, 7)", "ints(5, 4), ints(6, 4), ints(6, 2)",
                       "randn(2, 4, 3, 4), randn(2, 3, 5, 4), randn(2, 3, 5, 4), enable_gqa=True"});

}  // namespace deepseek
