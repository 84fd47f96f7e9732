#include "deepseek/nn/attention.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/nn/arguments.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/attention/heads.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {
namespace {

Tensor xavier(const Shape& shape) {
  const double bound = std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
  return make_parameter(init::uniform(shape, -bound, bound));
}

Tensor zeros_of(const Shape& shape) { return make_parameter(filled(shape, cast(Tensor(0.0), modes.default_dtype))); }

std::optional<Tensor> optional_of(const Tensor& t) { return t.defined() ? std::optional(t) : std::nullopt; }

}  // namespace

MultiheadAttention::MultiheadAttention(MultiheadAttentionOptions o) : Layer(o) {
  const int64_t e = config.embed_dim;
  ensure(e >= 1 && config.num_heads >= 1 && e % config.num_heads == 0, "MultiheadAttention: embed_dim must be a multiple of num_heads, "
         "but they are ", e, " and ", config.num_heads);
  const int64_t k = config.kdim.value_or(e), v = config.vdim.value_or(e);
  const bool separate = k != e || v != e;
  register_parameter("in_proj_weight", separate ? Tensor() : xavier({3 * e, e}));
  register_parameter("q_proj_weight", separate ? xavier({e, e}) : Tensor());
  register_parameter("k_proj_weight", separate ? xavier({e, k}) : Tensor());
  register_parameter("v_proj_weight", separate ? xavier({e, v}) : Tensor());
  register_parameter("in_proj_bias", config.bias ? zeros_of({3 * e}) : Tensor());
  Child<Linear> out = add<Linear>("out_proj", LinearOptions{.out_features = e, .bias = config.bias, .in_features = e});
  if (config.bias) out->set_parameter("bias", zeros_of({e}));
  for (const char* name : {"bias_k", "bias_v"}) {
    const double std = std::sqrt(2.0 / static_cast<double>(e + 1));
    NoGradGuard no_grad;
    register_parameter(name, !config.add_bias_kv ? Tensor() : init::skip ? zeros_of({1, 1, e}) : make_parameter(randn({1, 1, e}) * std));
  }
}

// Rows in the middle as they lie in memory: turning them first, as torch's function wants them, would part the rows of one product.
Tensor MultiheadAttention::attend_batch_first(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call) {
  const int64_t e = config.embed_dim, rows = query.size(1), keys = key.size(1);
  ensure(key.rank() == 3 && value.rank() == 3 && query.size(2) == e && key.size(0) == query.size(0) && value.size(0) == query.size(0) &&
             value.size(1) == keys, "MultiheadAttention: query must be (batch, rows, ", e, "), key and value (batch, keys, features), but "
         "they are ", to_string(query.shape()), ", ", to_string(key.shape()), " and ", to_string(value.shape()));
  const Tensor &joint = parameter("in_proj_weight"), &bias = parameter("in_proj_bias");
  Tensor parts[3];
  if (joint.defined() && query.same(key) && key.same(value)) {
    const Tensor all = linear(query, joint, optional_of(bias));
    for (int64_t i = 0; i < 3; ++i) parts[i] = slice(all, 2, i * e, (i + 1) * e, 1);
  } else {
    const Tensor* from[] = {&query, &key, &value};
    constexpr const char* separate[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
    for (int64_t i = 0; i < 3; ++i) {
      const auto third = [&](const Tensor& t) { return slice(t, 0, i * e, (i + 1) * e, 1); };
      parts[i] = linear(*from[i], joint.defined() ? third(joint) : parameter(separate[i]),
                        bias.defined() ? std::optional(third(bias)) : std::nullopt);
    }
  }
  const bool hinted = call.is_causal && call.attn_mask && !call.key_padding_mask && rows == keys;
  HeadsCall heads{.heads = config.num_heads, .dropout = training && !modes.shape_only ? config.dropout : 0, .causal = hinted};
  const Shape scores{query.size(0), config.num_heads, rows, keys};
  if (!hinted) heads.mask = heads_mask("MultiheadAttention", call.attn_mask, call.key_padding_mask, scores, keys, query.dtype());
  const Module& out = *find_child("out_proj");
  return linear(attend_in_heads(parts[0], parts[1], parts[2], heads), out.parameter("weight"), optional_of(out.parameter("bias")));
}

TensorList MultiheadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call) {
  const bool turn = config.batch_first && query.rank() == 3;
  ensure(!call.is_causal || call.attn_mask, "MultiheadAttention: is_causal is a hint about attn_mask, which is missing");
  if (turn && !call.need_weights && !config.add_bias_kv && !config.add_zero_attn) {
    return {attend_batch_first(query, key, value, call), Tensor()};
  }
  // One handle for all three keeps the single projection of self attention.
  const bool self = query.same(key) && key.same(value);
  const Tensor q = turn ? transpose(query, 0, 1) : query;
  const Tensor k = self ? q : turn ? transpose(key, 0, 1) : key;
  const Tensor v = self ? q : turn ? transpose(value, 0, 1) : value;
  const Module& out = *find_child("out_proj");
  const bool separate = !parameter("in_proj_weight").defined();
  Result r = multi_head_attention_forward(
      q, k, v, config.embed_dim, config.num_heads, optional_of(parameter("in_proj_weight")), optional_of(parameter("in_proj_bias")),
      optional_of(parameter("bias_k")), optional_of(parameter("bias_v")), config.add_zero_attn, config.dropout, out.parameter("weight"),
      optional_of(out.parameter("bias")), training && !modes.shape_only, call.key_padding_mask, call.need_weights, call.attn_mask, separate,
      optional_of(parameter("q_proj_weight")), optional_of(parameter("k_proj_weight")), optional_of(parameter("v_proj_weight")),
      call.average_attn_weights, call.is_causal);
  TensorList outputs = call.need_weights ? std::get<TensorList>(std::move(r)) : TensorList{std::get<Tensor>(std::move(r)), Tensor()};
  if (turn) outputs[0] = transpose(outputs[0], 0, 1);
  return outputs;
}

TensorList MultiheadAttention::forward_many(const TensorList& inputs) { return forward_named(inputs, {}); }

TensorList MultiheadAttention::forward_named(const TensorList& inputs, const NamedArguments& named) {
  NamedArguments rest;
  AttentionCall call;
  for (const auto& [name, value] : named) {
    bool* flag = name == "need_weights" ? &call.need_weights : name == "average_attn_weights" ? &call.average_attn_weights : nullptr;
    if (!flag) {
      rest.emplace_back(name, value);
      continue;
    }
    const auto* on = std::get_if<bool>(&value);
    if (!on) raise_type(type_name(), ": ", name, " must be a bool");
    *flag = *on;
  }
  const Arguments a(*this, {"query", "key", "value", "key_padding_mask", "attn_mask"}, 3, {"is_causal"}, inputs, rest);
  call.key_padding_mask = a.tensor(3), call.attn_mask = a.tensor(4), call.is_causal = a.flag(0);
  return attend(a[0], a[1], a[2], call);
}

}  // namespace deepseek::nn
