#pragma once
#include "deepseek/nn/dropout.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/norm.h"

namespace deepseek::nn {

struct MultiheadAttentionOptions {
  int64_t embed_dim = 0;
  int64_t num_heads = 0;
  double dropout = 0;
  bool bias = true;
  bool add_bias_kv = false;
  bool add_zero_attn = false;
  std::optional<int64_t> kdim = {};
  std::optional<int64_t> vdim = {};
  bool batch_first = false;
  static constexpr auto fields = std::tuple{field("embed_dim", &MultiheadAttentionOptions::embed_dim, required),
                                            field("num_heads", &MultiheadAttentionOptions::num_heads, required),
                                            field("dropout", &MultiheadAttentionOptions::dropout),
                                            field("bias", &MultiheadAttentionOptions::bias),
                                            field("add_bias_kv", &MultiheadAttentionOptions::add_bias_kv),
                                            field("add_zero_attn", &MultiheadAttentionOptions::add_zero_attn),
                                            field("kdim", &MultiheadAttentionOptions::kdim),
                                            field("vdim", &MultiheadAttentionOptions::vdim),
                                            field("batch_first", &MultiheadAttentionOptions::batch_first)};
};

// What a call of attention may be told besides query, key and value.
struct AttentionCall {
  std::optional<Tensor> key_padding_mask = {};
  bool need_weights = true;
  std::optional<Tensor> attn_mask = {};
  bool average_attn_weights = true;
  bool is_causal = false;
};

class MultiheadAttention : public Layer<MultiheadAttentionOptions> {
 public:
  static constexpr const char* doc =
      "Attention in several heads: mha(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, "
      "average_attn_weights=True, is_causal=False) -> (output, weights or None).\n\n"
      "Shapes: query (L, N, E), key (S, N, kdim), value (S, N, vdim), batch first with `batch_first`; output (L, N, E), weights "
      "(N, L, S). Masks of bool say what is not seen, others are added to the scores.\n\n"
      "Example:\n    >>> x = deepseek.randn(5, 2, 16)\n    >>> MultiheadAttention(16, 4)(x, x, x)[0].shape\n    (5, 2, 16)";
  explicit MultiheadAttention(MultiheadAttentionOptions options);
  TensorList forward_many(const TensorList& inputs) override;
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;
  TensorList attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call);
};
DEEPSEEK_LAYER(MultiheadAttention);

struct TransformerEncoderLayerOptions {
  int64_t d_model = 0;
  int64_t nhead = 0;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
  static constexpr auto fields = std::tuple{field("d_model", &TransformerEncoderLayerOptions::d_model, required),
                                            field("nhead", &TransformerEncoderLayerOptions::nhead, required),
                                            field("dim_feedforward", &TransformerEncoderLayerOptions::dim_feedforward),
                                            field("dropout", &TransformerEncoderLayerOptions::dropout),
                                            field("activation", &TransformerEncoderLayerOptions::activation),
                                            field("layer_norm_eps", &TransformerEncoderLayerOptions::layer_norm_eps),
                                            field("batch_first", &TransformerEncoderLayerOptions::batch_first),
                                            field("norm_first", &TransformerEncoderLayerOptions::norm_first),
                                            field("bias", &TransformerEncoderLayerOptions::bias)};
};

class TransformerEncoderLayer : public Layer<TransformerEncoderLayerOptions> {
 public:
  static constexpr const char* doc =
      "Self attention and a two-layer network, each with a residual connection, dropout and layer norm: layer(src, src_mask=None, "
      "src_key_padding_mask=None, is_causal=False).\n\nShapes: src and output (L, N, d_model), batch first with `batch_first`.";
  explicit TransformerEncoderLayer(TransformerEncoderLayerOptions options);
  Tensor forward(const Tensor& src) override;
  TensorList forward_named(const TensorList& inputs, const NamedArguments& named) override;

 private:
  Tensor encode(const Tensor& src, const AttentionCall& call);
  template <class M>
  M& child(const char* name) {
    return dynamic_cast<M&>(*find_child(name));
  }
  Tensor call_child(const char* name, const Tensor& x) { return (*find_child(name))(x); }
};
DEEPSEEK_LAYER(TransformerEncoderLayer);

}  // namespace deepseek::nn
