// BERT (Devlin et al., 2018) with Hugging Face's names of configuration and weights.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct BertConfig {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  std::string hidden_act = "gelu";
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double initializer_range = 0.02;
  double layer_norm_eps = 1e-12;
  std::optional<int64_t> pad_token_id = 0;
  bool add_pooling_layer = true;
  int64_t num_labels = 2;
  static constexpr auto fields =
      std::tuple{nn::field("vocab_size", &BertConfig::vocab_size),
                 nn::field("hidden_size", &BertConfig::hidden_size),
                 nn::field("num_hidden_layers", &BertConfig::num_hidden_layers),
                 nn::field("num_attention_heads", &BertConfig::num_attention_heads),
                 nn::field("intermediate_size", &BertConfig::intermediate_size),
                 nn::field("hidden_act", &BertConfig::hidden_act),
                 nn::field("hidden_dropout_prob", &BertConfig::hidden_dropout_prob),
                 nn::field("attention_probs_dropout_prob", &BertConfig::attention_probs_dropout_prob),
                 nn::field("max_position_embeddings", &BertConfig::max_position_embeddings),
                 nn::field("type_vocab_size", &BertConfig::type_vocab_size),
                 nn::field("initializer_range", &BertConfig::initializer_range),
                 nn::field("layer_norm_eps", &BertConfig::layer_norm_eps),
                 nn::field("pad_token_id", &BertConfig::pad_token_id),
                 nn::field("add_pooling_layer", &BertConfig::add_pooling_layer, nn::keyword_only),
                 nn::field("num_labels", &BertConfig::num_labels, nn::keyword_only)};
};
BertConfig bert_large_config();  // 24 layers of 1024

class BertLayer : public nn::Layer<BertConfig> {
 public:
  static constexpr const char* doc =
      "Self attention and a two-layer network, each followed by dropout, the residual and layer norm.\n\n"
      "Shapes: hidden states (N, L, hidden_size) and a mask that is added to the scores, (N, 1, 1, L); output (N, L, "
      "hidden_size).";
  explicit BertLayer(BertConfig config = {});
  TensorList forward_many(const TensorList& inputs) override;
};
DEEPSEEK_MODEL(BertLayer);

class BertModel : public nn::Layer<BertConfig> {
 public:
  static constexpr const char* doc =
      "The encoder of BERT: model(input_ids, attention_mask=None, token_type_ids=None, position_ids=None) -> "
      "(last_hidden_state, "
      "pooler_output), the first alone without `add_pooling_layer`. 109,482,240 parameters by default.\n\n"
      "Shapes: ids (N, L) of whole numbers, attention_mask (N, L) with 0 at what is not seen; outputs (N, L, "
      "hidden_size) and (N, "
      "hidden_size). Keys are those of Hugging Face's BertModel. Source: Devlin et al., arXiv:1810.04805.\n\n"
      "Example:\n    >>> net = deepseek.models.BertModel(99, 32, 2, 4, 64)\n"
      "    >>> net(deepseek.tensor([[2, 7, 9]]))[0].shape\n    (1, 3, 32)";
  explicit BertModel(BertConfig config = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const nn::NamedArguments& named) override;
};
DEEPSEEK_MODEL(BertModel);

class BertForMaskedLM : public nn::Layer<BertConfig> {
 public:
  static constexpr const char* doc =
      "BERT with scores of the words at every place: called as BertModel, output (N, L, vocab_size). The scores' "
      "matrix is the table of "
      "word embeddings, as one parameter under two names. Keys are those of Hugging Face's BertForMaskedLM.";
  explicit BertForMaskedLM(BertConfig config = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const nn::NamedArguments& named) override;
};
DEEPSEEK_MODEL(BertForMaskedLM);

class BertForSequenceClassification : public nn::Layer<BertConfig> {
 public:
  static constexpr const char* doc =
      "BERT with scores of `num_labels` classes for the whole text: called as BertModel, output (N, num_labels). Keys "
      "are those of "
      "Hugging Face's BertForSequenceClassification.";
  explicit BertForSequenceClassification(BertConfig config = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const nn::NamedArguments& named) override;
};
DEEPSEEK_MODEL(BertForSequenceClassification);

Ref<BertModel> bert_base(BertConfig config = {});
Ref<BertModel> bert_large(BertConfig config = bert_large_config());

}  // namespace deepseek::models
