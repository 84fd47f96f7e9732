#include "deepseek/models/bert.h"

#include "deepseek/graph/operators.h"
#include "deepseek/models/parts.h"
#include "deepseek/nn/arguments.h"
#include "deepseek/nn/dropout.h"
#include "deepseek/nn/embedding.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/sequential.h"
#include "deepseek/nn/symbolic.h"
#include "deepseek/ops.h"
#include "deepseek/ops/attention/heads.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::models {
namespace {

void add_linear(nn::Module& to, const char* name, int64_t in, int64_t out, bool bias = true) {
  to.add<nn::Linear>(name, nn::LinearOptions{.out_features = out, .bias = bias, .in_features = in});
}

void add_norm(nn::Module& to, const BertConfig& c) {
  to.add<nn::LayerNorm>("LayerNorm", nn::LayerNormOptions{.normalized_shape = c.hidden_size, .eps = c.layer_norm_eps});
}

// dense, LayerNorm and dropout: the end of each block.
void add_output(nn::Module& to, const BertConfig& c, int64_t in) {
  nn::Module& group = add_group(to, "output");
  add_linear(group, "dense", in, c.hidden_size);
  add_norm(group, c);
  group.add<nn::Dropout>("dropout", c.hidden_dropout_prob);
}

Tensor output(nn::Module& of, const Tensor& x, const Tensor& residual) {
  nn::Module& group = *of.find_child("output");
  return through(group, "LayerNorm", through(group, "dropout", through(group, "dense", x)) + residual);
}

void check(const BertConfig& c) {
  ensure(c.hidden_size >= 1 && c.num_attention_heads >= 1 && c.hidden_size % c.num_attention_heads == 0,
         "BERT: hidden_size must be a multiple of num_attention_heads, but they are ", c.hidden_size, " and ",
         c.num_attention_heads);
  ensure(c.num_hidden_layers >= 0, "BERT: num_hidden_layers must not be negative, but is ", c.num_hidden_layers);
  check_activation("BERT", c.hidden_act);
}

// Calls BertModel inside a network that takes the same arguments.
TensorList call_bert(nn::Module& net, const TensorList& inputs, const nn::NamedArguments& named) {
  nn::Module& bert = *net.find_child("bert");
  LayerScope scope(bert.scope_name());
  return bert.forward_named(inputs, named);
}

BertConfig without_pooler(BertConfig c) {
  c.add_pooling_layer = false;
  return c;
}

}  // namespace

BertConfig bert_large_config() {
  return {.hidden_size = 1024, .num_hidden_layers = 24, .num_attention_heads = 16, .intermediate_size = 4096};
}

BertLayer::BertLayer(BertConfig c) : Layer(std::move(c)) {
  check(config);
  const DrawLater later;
  const int64_t width = config.hidden_size;
  nn::Module& attention = add_group(*this, "attention");
  nn::Module& self = add_group(attention, "self");
  for (const char* name : {"query", "key", "value"}) add_linear(self, name, width, width);
  add_output(attention, config, width);
  add_linear(add_group(*this, "intermediate"), "dense", width, config.intermediate_size);
  add_output(*this, config, config.intermediate_size);
  if (later.wanted()) draw_normal(*this, config.initializer_range);
}

TensorList BertLayer::forward_many(const TensorList& inputs) {
  const nn::Arguments a(*this, {"hidden_states", "attention_mask"}, 1, {}, inputs, {});
  const Tensor& x = a[0];
  nn::Module &attention = *find_child("attention"), &self = *attention.find_child("self");
  const HeadsCall heads{.heads = config.num_attention_heads,
                        .mask = a.tensor(1),
                        .dropout = training && !modes.shape_only ? config.attention_probs_dropout_prob : 0};
  const Tensor seen =
      attend_in_heads(through(self, "query", x), through(self, "key", x), through(self, "value", x), heads);
  const Tensor y = output(attention, seen, x);
  return {output(*this, activate(config.hidden_act, through(*find_child("intermediate"), "dense", y)), y)};
}

BertModel::BertModel(BertConfig c) : Layer(std::move(c)) {
  check(config);
  const DrawLater later;
  nn::Module& embeddings = add_group(*this, "embeddings");
  embeddings.add<nn::Embedding>("word_embeddings", nn::EmbeddingOptions{.num_embeddings = config.vocab_size,
                                                                        .embedding_dim = config.hidden_size,
                                                                        .padding_idx = config.pad_token_id});
  embeddings.add<nn::Embedding>("position_embeddings", config.max_position_embeddings, config.hidden_size);
  embeddings.add<nn::Embedding>("token_type_embeddings", config.type_vocab_size, config.hidden_size);
  add_norm(embeddings, config);
  embeddings.add<nn::Dropout>("dropout", config.hidden_dropout_prob);
  nn::Module& encoder = add_group(*this, "encoder");
  const auto layers = encoder.add<nn::ModuleList>("layer");
  for (int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers->append(Ref<nn::Module>(nn::make<BertLayer>(config).get()));
  if (config.add_pooling_layer) add_linear(add_group(*this, "pooler"), "dense", config.hidden_size, config.hidden_size);
  if (later.wanted()) draw_normal(*this, config.initializer_range);
}

TensorList BertModel::forward_named(const TensorList& inputs, const nn::NamedArguments& named) {
  const nn::Arguments a(*this, {"input_ids", "attention_mask", "token_type_ids", "position_ids"}, 1, {}, inputs, named);
  const Tensor& ids = a[0];
  check_ids("BertModel", ids, config.max_position_embeddings);
  for (size_t i : {2u, 3u}) {
    ensure(!a[i].defined() || broadcastable_to(a[i].shape(), ids.shape()),
           "BertModel: token_type_ids and position_ids must be shaped like the ids ", nn::symbolic_shape(ids.shape()),
           ", but there are ", nn::symbolic_shape(a[i].defined() ? a[i].shape() : Shape{}));
  }
  nn::Module& embeddings = *find_child("embeddings");
  // Without token types all are of the first: one row, which broadcasts.
  const Tensor types = a[2].defined() ? a[2] : filled({1}, Tensor(int64_t{0}));
  const Tensor sum = through(embeddings, "word_embeddings", ids) + through(embeddings, "token_type_embeddings", types) +
                     through(embeddings, "position_embeddings", a[3].defined() ? a[3] : positions(ids.size(1)));
  TensorList x{through(embeddings, "dropout", through(embeddings, "LayerNorm", sum))};
  if (a[1].defined()) x.push_back(added_mask("BertModel", a[1], ids.shape()));
  for (const auto& [name, layer] : find_child("encoder")->find_child("layer")->named_children())
    x[0] = layer->call(x)[0];
  if (!config.add_pooling_layer) return {x[0]};
  return {x[0], tanh(through(*find_child("pooler"), "dense", select(x[0], 1, 0)))};
}

BertForMaskedLM::BertForMaskedLM(BertConfig c) : Layer(std::move(c)) {
  const DrawLater later;
  const auto bert = add<BertModel>("bert", without_pooler(config));
  nn::Module& predictions = add_group(add_group(*this, "cls"), "predictions");
  predictions.register_parameter("bias", nn::make_parameter(zeros({config.vocab_size}, modes.default_dtype)));
  nn::Module& transform = add_group(predictions, "transform");
  add_linear(transform, "dense", config.hidden_size, config.hidden_size);
  add_norm(transform, config);
  add_linear(predictions, "decoder", config.hidden_size, config.vocab_size);
  nn::Module& decoder = *predictions.find_child("decoder");
  decoder.set_parameter("weight", bert->get_parameter("embeddings.word_embeddings.weight"));
  decoder.set_parameter("bias", predictions.parameter("bias"));
  if (later.wanted()) draw_normal(*this, config.initializer_range);
}

TensorList BertForMaskedLM::forward_named(const TensorList& inputs, const nn::NamedArguments& named) {
  const Tensor x = call_bert(*this, inputs, named)[0];
  nn::Module& predictions = *find_child("cls")->find_child("predictions");
  nn::Module& transform = *predictions.find_child("transform");
  const Tensor h = through(transform, "LayerNorm", activate(config.hidden_act, through(transform, "dense", x)));
  return {through(predictions, "decoder", h)};
}

BertForSequenceClassification::BertForSequenceClassification(BertConfig c) : Layer(std::move(c)) {
  const DrawLater later;
  config.add_pooling_layer = true;
  add<BertModel>("bert", config);
  add<nn::Dropout>("dropout", config.hidden_dropout_prob);
  add_linear(*this, "classifier", config.hidden_size, config.num_labels);
  if (later.wanted()) draw_normal(*this, config.initializer_range);
}

TensorList BertForSequenceClassification::forward_named(const TensorList& inputs, const nn::NamedArguments& named) {
  return {through(*this, "classifier", through(*this, "dropout", call_bert(*this, inputs, named)[1]))};
}

Ref<BertModel> bert_base(BertConfig config) {
  return nn::make<BertModel>(std::move(config));
}
Ref<BertModel> bert_large(BertConfig config) {
  return nn::make<BertModel>(std::move(config));
}

}  // namespace deepseek::models
