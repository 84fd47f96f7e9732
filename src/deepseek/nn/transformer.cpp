#include "deepseek/nn/transformer.h"

#include "deepseek/graph/operators.h"
#include "deepseek/nn/arguments.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"

namespace deepseek::nn {
namespace {

AttentionCall attention_call(const Arguments& a, size_t mask, size_t padding, size_t causal) {
  return {.key_padding_mask = a.tensor(padding),
          .need_weights = false,
          .attn_mask = a.tensor(mask),
          .is_causal = a.flag(causal)};
}

// The named arguments that are there, under other names.
void pass(NamedArguments& to, const Arguments& from, size_t i, const char* name) {
  if (from[i].defined()) to.emplace_back(name, from[i]);
}
void pass_flag(NamedArguments& to, const Arguments& from, size_t i, const char* name) {
  if (from.flag(i)) to.emplace_back(name, true);
}

}  // namespace

TransformerLayer::TransformerLayer(const char* type, TransformerLayerOptions o, bool cross) : Layer(std::move(o)) {
  const int64_t d = config.d_model;
  ensure(config.activation == "relu" || config.activation == "gelu", type,
         ": activation must be 'relu' or 'gelu', but is '", config.activation, "'");
  ensure(config.dim_feedforward >= 1, type, ": dim_feedforward must be at least 1, but is ", config.dim_feedforward);
  const MultiheadAttentionOptions heads{.embed_dim = d,
                                        .num_heads = config.nhead,
                                        .dropout = config.dropout,
                                        .bias = config.bias,
                                        .batch_first = config.batch_first};
  add<MultiheadAttention>("self_attn", heads);
  if (cross) add<MultiheadAttention>("multihead_attn", heads);
  add<Linear>("linear1", LinearOptions{.out_features = config.dim_feedforward, .bias = config.bias, .in_features = d});
  add<Dropout>("dropout", config.dropout);
  add<Linear>("linear2", LinearOptions{.out_features = d, .bias = config.bias, .in_features = config.dim_feedforward});
  const int blocks = cross ? 3 : 2;
  for (int i = 1; i <= blocks; ++i) {
    add<LayerNorm>(concat("norm", i),
                   LayerNormOptions{.normalized_shape = d, .eps = config.layer_norm_eps, .bias = config.bias});
  }
  for (int i = 1; i <= blocks; ++i) add<Dropout>(concat("dropout", i), config.dropout);
}

Tensor TransformerLayer::add_to(const Tensor& x, const Tensor& change) {
  return x + change;
}

Tensor TransformerLayer::attention(const char* name, const char* dropout, const Tensor& x, const Tensor& memory,
                                   const AttentionCall& call) {
  auto& heads = dynamic_cast<MultiheadAttention&>(*find_child(name));
  LayerScope scope(name);
  return call_child(dropout, heads.attend(x, memory, memory, call)[0]);
}

Tensor TransformerLayer::feed(const char* dropout, const Tensor& x) {
  const Tensor h = call_child("linear1", x);
  return call_child(dropout,
                    call_child("linear2", call_child("dropout", config.activation == "relu" ? relu(h) : gelu(h))));
}

TensorList TransformerEncoderLayer::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const Arguments a(*this, {"src", "src_mask", "src_key_padding_mask"}, 1, {"is_causal"}, inputs, named);
  return {encode(a[0], attention_call(a, 1, 2, 0))};
}

Tensor TransformerEncoderLayer::encode(const Tensor& src, const AttentionCall& call) {
  const Tensor x =
      residual("norm1", src, [&](const Tensor& t) { return attention("self_attn", "dropout1", t, t, call); });
  return residual("norm2", x, [&](const Tensor& t) { return feed("dropout2", t); });
}

TensorList TransformerDecoderLayer::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const Arguments a(*this,
                    {"tgt", "memory", "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"}, 2,
                    {"tgt_is_causal", "memory_is_causal"}, inputs, named);
  return {decode(a[0], a[1], attention_call(a, 2, 4, 0), attention_call(a, 3, 5, 1))};
}

Tensor TransformerDecoderLayer::decode(const Tensor& tgt, const Tensor& memory, const AttentionCall& self,
                                       const AttentionCall& cross) {
  Tensor x = residual("norm1", tgt, [&](const Tensor& t) { return attention("self_attn", "dropout1", t, t, self); });
  x = residual("norm2", x, [&](const Tensor& t) { return attention("multihead_attn", "dropout2", t, memory, cross); });
  return residual("norm3", x, [&](const Tensor& t) { return feed("dropout3", t); });
}

TransformerStack::TransformerStack(const std::vector<Ref<Module>>& layers, Ref<Module> norm) {
  register_module("layers", Ref<Module>(make<ModuleList>(layers).get()));
  register_module("norm", std::move(norm));
}

// `call` is told about masks; a layer that is not the library's own, or that Python has hooks on, gets tensors only.
template <class Layer, class F>
Tensor TransformerStack::each(Tensor x, const TensorList& more, bool plain, F&& call) {
  for (const auto& [name, layer] : find_child("layers")->named_children()) {
    auto* known = dynamic_cast<Layer*>(layer.get());
    if (known && !known->python_forward) {
      LayerScope scope(known->scope_name());
      x = call(*known, x);
      continue;
    }
    if (!plain)
      raise_type(type_name(), ": layer ", name, " is a ", layer->type_name(),
                 " with a forward or hooks in Python, which takes no masks "
                 "here; call the layers one by one");
    TensorList inputs{x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    x = layer->call(inputs)[0];
  }
  Module* norm = find_child("norm");
  return norm ? (*norm)(x) : x;
}

TensorList TransformerEncoder::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const Arguments a(*this, {"src", "mask", "src_key_padding_mask"}, 1, {"is_causal"}, inputs, named);
  const AttentionCall call = attention_call(a, 1, 2, 0);
  return {each<TransformerEncoderLayer>(
      a[0], {}, !a[1].defined() && !a[2].defined(),
      [&](TransformerEncoderLayer& layer, const Tensor& x) { return layer.encode(x, call); })};
}

TensorList TransformerDecoder::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const Arguments a(*this,
                    {"tgt", "memory", "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"}, 2,
                    {"tgt_is_causal", "memory_is_causal"}, inputs, named);
  const AttentionCall self = attention_call(a, 2, 4, 0), cross = attention_call(a, 3, 5, 1);
  const bool plain = !a[2].defined() && !a[3].defined() && !a[4].defined() && !a[5].defined();
  return {each<TransformerDecoderLayer>(a[0], {a[1]}, plain, [&](TransformerDecoderLayer& layer, const Tensor& x) {
    return layer.decode(x, a[1], self, cross);
  })};
}

Transformer::Transformer(TransformerOptions o) : Layer(std::move(o)) {
  ensure(config.num_encoder_layers >= 0 && config.num_decoder_layers >= 0,
         "Transformer: the numbers of layers must not be negative, but are ", config.num_encoder_layers, " and ",
         config.num_decoder_layers);
  const TransformerLayerOptions layer{.d_model = config.d_model,
                                      .nhead = config.nhead,
                                      .dim_feedforward = config.dim_feedforward,
                                      .dropout = config.dropout,
                                      .activation = config.activation,
                                      .layer_norm_eps = config.layer_norm_eps,
                                      .batch_first = config.batch_first,
                                      .norm_first = config.norm_first,
                                      .bias = config.bias};
  const auto stack = [&]<class Stack, class L>(const char* name, int64_t count) {
    std::vector<Ref<Module>> layers;
    for (int64_t i = 0; i < count; ++i) layers.push_back(Ref<Module>(make<L>(layer).get()));
    const auto norm = make<LayerNorm>(
        LayerNormOptions{.normalized_shape = config.d_model, .eps = config.layer_norm_eps, .bias = config.bias});
    register_module(name, Ref<Module>(make<Stack>(layers, Ref<Module>(norm.get())).get()));
  };
  stack.operator()<TransformerEncoder, TransformerEncoderLayer>("encoder", config.num_encoder_layers);
  stack.operator()<TransformerDecoder, TransformerDecoderLayer>("decoder", config.num_decoder_layers);
  if (init::skip) return;
  for (const auto& [part, stack] :
       named_children()) {  // not named_parameters(): no one may count this module before it is made
    for (const auto& [name, p] : stack->named_parameters()) {
      if (p.rank() > 1) init::xavier_uniform_(p).eval();
    }
  }
}

TensorList Transformer::forward_named(const TensorList& inputs, const NamedArguments& named) {
  const Arguments a(*this,
                    {"src", "tgt", "src_mask", "tgt_mask", "memory_mask", "src_key_padding_mask",
                     "tgt_key_padding_mask", "memory_key_padding_mask"},
                    2, {"src_is_causal", "tgt_is_causal", "memory_is_causal"}, inputs, named);
  NamedArguments to_encoder, to_decoder;
  pass(to_encoder, a, 2, "mask"), pass(to_encoder, a, 5, "src_key_padding_mask"),
      pass_flag(to_encoder, a, 0, "is_causal");
  pass(to_decoder, a, 3, "tgt_mask"), pass(to_decoder, a, 4, "memory_mask"),
      pass(to_decoder, a, 6, "tgt_key_padding_mask");
  pass(to_decoder, a, 7, "memory_key_padding_mask"), pass_flag(to_decoder, a, 1, "tgt_is_causal"),
      pass_flag(to_decoder, a, 2, "memory_is_causal");
  const auto call = [&](const char* name, const TensorList& in, const NamedArguments& more) {
    Module& part = *find_child(name);
    if (more.empty()) return part.call(in)[0];
    if (part.python_forward)
      raise_type(type_name(), ": ", name, " has a forward or hooks in Python, which takes no masks here");
    LayerScope scope(part.scope_name());
    return part.forward_named(in, more)[0];
  };
  return {call("decoder", {a[1], call("encoder", {a[0]}, to_encoder)}, to_decoder)};
}

}  // namespace deepseek::nn
