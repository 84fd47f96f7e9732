#include "deepseek/nn/attention.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn {
namespace {

Tensor xavier(const Shape& shape) {
  const double bound = std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
  return make_parameter(init::uniform(shape, -bound, bound));
}

Tensor zeros_of(const Shape& shape) { return make_parameter(filled(shape, cast(Tensor(0.0), modes.default_dtype))); }

std::optional<Tensor> optional_of(const Tensor& t) { return t.defined() ? std::optional(t) : std::nullopt; }

std::optional<Tensor> mask_of(const Argument& a) {
  if (const auto* t = std::get_if<Tensor>(&a)) return *t;
  return std::nullopt;
}

bool flag_of(const Argument& a) {
  const auto* b = std::get_if<bool>(&a);
  if (!b) raise_type("attention: need_weights, average_attn_weights and is_causal are bools");
  return *b;
}

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

TensorList MultiheadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call) {
  const bool turn = config.batch_first && query.rank() == 3;
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
      call.average_attn_weights, call.is_causal && call.attn_mask);
  TensorList outputs = call.need_weights ? std::get<TensorList>(std::move(r)) : TensorList{std::get<Tensor>(std::move(r)), Tensor()};
  if (turn) outputs[0] = transpose(outputs[0], 0, 1);
  return outputs;
}

TensorList MultiheadAttention::forward_many(const TensorList& inputs) { return forward_named(inputs, {}); }

TensorList MultiheadAttention::forward_named(const TensorList& inputs, const NamedArguments& named) {
  TensorList x = inputs;
  constexpr std::string_view names[] = {"query", "key", "value"};
  AttentionCall call;
  for (const auto& [name, value] : named) {
    if (x.size() < 3 && name == names[x.size()]) x.push_back(mask_of(value).value_or(Tensor()));
    else if (name == "key_padding_mask") call.key_padding_mask = mask_of(value);
    else if (name == "attn_mask") call.attn_mask = mask_of(value);
    else if (name == "need_weights") call.need_weights = flag_of(value);
    else if (name == "average_attn_weights") call.average_attn_weights = flag_of(value);
    else if (name == "is_causal") call.is_causal = flag_of(value);
    else raise_type(type_name(), ": forward has no argument '", name, "'");
  }
  if (x.size() == 4) call.key_padding_mask = x[3], x.pop_back();
  if (x.size() != 3) raise_type(type_name(), ": forward takes query, key and value, but ", x.size(), " tensors are given");
  for (const Tensor& t : x) {
    if (!t.defined()) raise_type(type_name(), ": query, key and value must be tensors");
  }
  return attend(x[0], x[1], x[2], call);
}

TransformerEncoderLayer::TransformerEncoderLayer(TransformerEncoderLayerOptions o) : Layer(std::move(o)) {
  const int64_t d = config.d_model;
  ensure(config.activation == "relu" || config.activation == "gelu", "TransformerEncoderLayer: activation must be 'relu' or 'gelu', but is '",
         config.activation, "'");
  ensure(config.dim_feedforward >= 1, "TransformerEncoderLayer: dim_feedforward must be at least 1, but is ", config.dim_feedforward);
  add<MultiheadAttention>("self_attn", MultiheadAttentionOptions{.embed_dim = d, .num_heads = config.nhead, .dropout = config.dropout,
                                                                .bias = config.bias, .batch_first = config.batch_first});
  add<Linear>("linear1", LinearOptions{.out_features = config.dim_feedforward, .bias = config.bias, .in_features = d});
  add<Dropout>("dropout", config.dropout);
  add<Linear>("linear2", LinearOptions{.out_features = d, .bias = config.bias, .in_features = config.dim_feedforward});
  for (const char* name : {"norm1", "norm2"}) {
    add<LayerNorm>(name, LayerNormOptions{.normalized_shape = d, .eps = config.layer_norm_eps, .bias = config.bias});
  }
  add<Dropout>("dropout1", config.dropout);
  add<Dropout>("dropout2", config.dropout);
}

Tensor TransformerEncoderLayer::forward(const Tensor& src) { return encode(src, {.need_weights = false}); }

TensorList TransformerEncoderLayer::forward_named(const TensorList& inputs, const NamedArguments& named) {
  TensorList x = inputs;
  AttentionCall call{.need_weights = false};
  for (const auto& [name, value] : named) {
    if (x.empty() && name == "src") x.push_back(mask_of(value).value_or(Tensor()));
    else if (name == "src_mask") call.attn_mask = mask_of(value);
    else if (name == "src_key_padding_mask") call.key_padding_mask = mask_of(value);
    else if (name == "is_causal") call.is_causal = flag_of(value);
    else raise_type(type_name(), ": forward has no argument '", name, "'");
  }
  if (x.size() != 1 || !x[0].defined()) raise_type(type_name(), ": forward takes one tensor src, and masks by keyword");
  return {encode(x[0], call)};
}

Tensor TransformerEncoderLayer::encode(const Tensor& src, const AttentionCall& call) {
  const auto attention = [&](const Tensor& x) {
    LayerScope scope("self_attn");
    return call_child("dropout1", child<MultiheadAttention>("self_attn").attend(x, x, x, call)[0]);
  };
  const auto feed = [&](const Tensor& x) {
    const Tensor h = call_child("linear1", x);
    return call_child("dropout2", call_child("linear2", call_child("dropout", config.activation == "relu" ? relu(h) : gelu(h))));
  };
  if (config.norm_first) {
    const Tensor x = src + attention(call_child("norm1", src));
    return x + feed(call_child("norm2", x));
  }
  const Tensor x = call_child("norm1", src + attention(src));
  return call_child("norm2", x + feed(x));
}

}  // namespace deepseek::nn
