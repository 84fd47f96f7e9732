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

 private:
  Tensor attend_batch_first(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call);
};
DEEPSEEK_LAYER(MultiheadAttention);

}  // namespace deepseek::nn
