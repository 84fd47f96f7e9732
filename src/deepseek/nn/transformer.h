// "Attention is all you need" (Vaswani et al., 2017), with torch's names.
#pragma once
#include "deepseek/nn/attention.h"
#include "deepseek/nn/sequential.h"

namespace deepseek::nn {

struct TransformerLayerOptions {
  int64_t d_model = 0;
  int64_t nhead = 0;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
  static constexpr auto fields = std::tuple{field("d_model", &TransformerLayerOptions::d_model, required),
                                            field("nhead", &TransformerLayerOptions::nhead, required),
                                            field("dim_feedforward", &TransformerLayerOptions::dim_feedforward),
                                            field("dropout", &TransformerLayerOptions::dropout),
                                            field("activation", &TransformerLayerOptions::activation),
                                            field("layer_norm_eps", &TransformerLayerOptions::layer_norm_eps),
                                            field("batch_first", &TransformerLayerOptions::batch_first),
                                            field("norm_first", &TransformerLayerOptions::norm_first),
                                            field("bias", &TransformerLayerOptions::bias)};
};

// What encoder and decoder layers share: blocks around a residual connection, each with its dropout and layer norm.
class TransformerLayer : public Layer<TransformerLayerOptions> {
 protected:
  TransformerLayer(const char* type, TransformerLayerOptions options, bool cross);
  Tensor attention(const char* name, const char* dropout, const Tensor& x, const Tensor& memory,
                   const AttentionCall& call);
  Tensor feed(const char* dropout, const Tensor& x);
  // x + block(norm(x)) or norm(x + block(x))
  template <class F>
  Tensor residual(const char* norm, const Tensor& x, F&& block) {
    return config.norm_first ? add_to(x, block(call_child(norm, x))) : call_child(norm, add_to(x, block(x)));
  }
  Tensor call_child(const char* name, const Tensor& x) { return (*find_child(name))(x); }

 private:
  static Tensor add_to(const Tensor& x, const Tensor& change);
};

class TransformerEncoderLayer : public TransformerLayer {
 public:
  static constexpr const char* doc =
      "Self attention and a two-layer network, each with a residual connection, dropout and layer norm: layer(src, "
      "src_mask=None, "
      "src_key_padding_mask=None, is_causal=False). Masks of bool say what is not seen.\n\n"
      "Shapes: src and output (L, N, d_model), batch first with `batch_first`; src_mask (L, L), src_key_padding_mask "
      "(N, L).";
  explicit TransformerEncoderLayer(TransformerLayerOptions options)
      : TransformerLayer("TransformerEncoderLayer", std::move(options), false) {}
  Tensor forward(const Tensor& src) override { return encode(src, {.need_weights = false}); }
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
  Tensor encode(const Tensor& src, const AttentionCall& call);
};
DEEPSEEK_LAYER(TransformerEncoderLayer);

class TransformerDecoderLayer : public TransformerLayer {
 public:
  static constexpr const char* doc =
      "Self attention, attention to the encoder's output and a two-layer network, each with a residual connection, "
      "dropout and layer "
      "norm: layer(tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, "
      "memory_key_padding_mask=None, "
      "tgt_is_causal=False, memory_is_causal=False).\n\n"
      "Shapes: tgt and output (T, N, d_model), memory (S, N, d_model), batch first with `batch_first`.";
  explicit TransformerDecoderLayer(TransformerLayerOptions options)
      : TransformerLayer("TransformerDecoderLayer", std::move(options), true) {}
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
  Tensor decode(const Tensor& tgt, const Tensor& memory, const AttentionCall& self, const AttentionCall& cross);
};
DEEPSEEK_LAYER(TransformerDecoderLayer);

// Layers one after another under `layers`, and a norm of the result under `norm` (may be None).
class TransformerStack : public Module {
 public:
  TransformerStack(const std::vector<Ref<Module>>& layers, Ref<Module> norm);
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }

 protected:
  template <class Layer, class F>
  Tensor each(Tensor x, const TensorList& more, bool plain, F&& call);
};

class TransformerEncoder : public TransformerStack {
 public:
  using TransformerStack::TransformerStack;
  static constexpr const char* doc =
      "Copies of an encoder layer, one after another: TransformerEncoder(encoder_layer, num_layers, norm=None); called "
      "as encoder(src, "
      "mask=None, src_key_padding_mask=None, is_causal=False).\n\n"
      "Example:\n    >>> layer = TransformerEncoderLayer(16, 4, batch_first=True)\n"
      "    >>> TransformerEncoder(layer, 2)(deepseek.randn(3, 5, 16)).shape\n    (3, 5, 16)";
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
};

class TransformerDecoder : public TransformerStack {
 public:
  using TransformerStack::TransformerStack;
  static constexpr const char* doc =
      "Copies of a decoder layer, one after another: TransformerDecoder(decoder_layer, num_layers, norm=None); called "
      "as decoder(tgt, "
      "memory, ...) with the masks of the layer.";
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
};

struct TransformerOptions {
  int64_t d_model = 512;
  int64_t nhead = 8;
  int64_t num_encoder_layers = 6;
  int64_t num_decoder_layers = 6;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
  static constexpr auto fields = std::tuple{field("d_model", &TransformerOptions::d_model),
                                            field("nhead", &TransformerOptions::nhead),
                                            field("num_encoder_layers", &TransformerOptions::num_encoder_layers),
                                            field("num_decoder_layers", &TransformerOptions::num_decoder_layers),
                                            field("dim_feedforward", &TransformerOptions::dim_feedforward),
                                            field("dropout", &TransformerOptions::dropout),
                                            field("activation", &TransformerOptions::activation),
                                            field("layer_norm_eps", &TransformerOptions::layer_norm_eps, keyword_only),
                                            field("batch_first", &TransformerOptions::batch_first, keyword_only),
                                            field("norm_first", &TransformerOptions::norm_first, keyword_only),
                                            field("bias", &TransformerOptions::bias, keyword_only)};
};

class Transformer : public Layer<TransformerOptions> {
 public:
  static constexpr const char* doc =
      "An encoder and a decoder: transformer(src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, "
      "src_key_padding_mask=None, "
      "tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=False, tgt_is_causal=False, "
      "memory_is_causal=False). "
      "Another encoder or decoder is set as an attribute.\n\n"
      "Shapes: src (S, N, d_model), tgt and output (T, N, d_model), batch first with `batch_first`.\n\n"
      "Example:\n    >>> net = Transformer(16, 4, 1, 1, 32, batch_first=True)\n"
      "    >>> net(deepseek.randn(2, 7, 16), deepseek.randn(2, 5, 16)).shape\n    (2, 5, 16)";
  explicit Transformer(TransformerOptions options = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
};
DEEPSEEK_LAYER(Transformer);

}  // namespace deepseek::nn
