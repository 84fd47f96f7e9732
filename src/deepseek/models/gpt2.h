// GPT-2 (Radford et al., 2019) with Hugging Face's names of configuration and weights.
#pragma once
#include <functional>

#include "deepseek/models/key_value_cache.h"
#include "deepseek/nn/layer.h"

namespace deepseek::models {

struct Conv1DOptions {
  int64_t nf = 0;
  int64_t nx = 0;
  static constexpr auto fields =
      std::tuple{nn::field("nf", &Conv1DOptions::nf, nn::required), nn::field("nx", &Conv1DOptions::nx, nn::required)};
};

class Conv1D : public nn::Layer<Conv1DOptions> {
 public:
  static constexpr const char* doc =
      "y = x @ weight + bias over the last dim: a linear layer whose weight (nx, nf) lies the other way round, as "
      "GPT-2's files hold it.";
  explicit Conv1D(Conv1DOptions options);
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_MODEL(Conv1D);

struct GPT2Config {
  int64_t vocab_size = 50257;
  int64_t n_positions = 1024;
  int64_t n_embd = 768;
  int64_t n_layer = 12;
  int64_t n_head = 12;
  std::optional<int64_t> n_inner = {};
  std::string activation_function = "gelu_new";
  double resid_pdrop = 0.1;
  double embd_pdrop = 0.1;
  double attn_pdrop = 0.1;
  double layer_norm_epsilon = 1e-5;
  double initializer_range = 0.02;
  static constexpr auto fields = std::tuple{nn::field("vocab_size", &GPT2Config::vocab_size),
                                            nn::field("n_positions", &GPT2Config::n_positions),
                                            nn::field("n_embd", &GPT2Config::n_embd),
                                            nn::field("n_layer", &GPT2Config::n_layer),
                                            nn::field("n_head", &GPT2Config::n_head),
                                            nn::field("n_inner", &GPT2Config::n_inner),
                                            nn::field("activation_function", &GPT2Config::activation_function),
                                            nn::field("resid_pdrop", &GPT2Config::resid_pdrop),
                                            nn::field("embd_pdrop", &GPT2Config::embd_pdrop),
                                            nn::field("attn_pdrop", &GPT2Config::attn_pdrop),
                                            nn::field("layer_norm_epsilon", &GPT2Config::layer_norm_epsilon),
                                            nn::field("initializer_range", &GPT2Config::initializer_range)};
};
GPT2Config gpt2_medium_config();  // 24 layers of 1024

class GPT2Block : public nn::Layer<GPT2Config> {
 public:
  static constexpr const char* doc =
      "Causal self attention and a two-layer network, each on the layer norm of its input and added to it.\n\n"
      "Shapes: input and output (N, L, n_embd).";
  explicit GPT2Block(GPT2Config config = {});
  Tensor forward(const Tensor& x) override { return run(x, nullptr, 0); }
  // With a cache: x is what follows the rows that it holds; its keys and values of this layer are written there.
  Tensor run(const Tensor& x, KeyValueCache* cache, size_t layer);
};
DEEPSEEK_MODEL(GPT2Block);

class GPT2Model : public nn::Layer<GPT2Config> {
 public:
  static constexpr const char* doc =
      "The body of GPT-2: model(input_ids, position_ids=None) -> hidden states. 124,439,808 parameters by default.\n\n"
      "Shapes: ids (N, L) of whole numbers, output (N, L, n_embd). Keys are those of Hugging Face's GPT2Model.";
  explicit GPT2Model(GPT2Config config = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const nn::NamedArguments& named) override;
  Tensor run(const Tensor& ids, const Tensor& position_ids, KeyValueCache* cache);
};
DEEPSEEK_MODEL(GPT2Model);

struct GenerateOptions {
  int64_t max_new_tokens = 20;
  double temperature = 0;  // 0: the most likely token
  int64_t top_k = 0;       // 0: all
  double top_p = 1;
  std::optional<int64_t> seed = {};  // without one the default generator draws
  std::optional<int64_t> end_token = {};
  std::function<bool(const Tensor& tokens)> on_tokens = {};  // (N) of each step; false ends
};

class GPT2LMHeadModel : public nn::Layer<GPT2Config> {
 public:
  static constexpr const char* doc =
      "GPT-2 with scores of the next token at every place: model(input_ids, position_ids=None) -> scores. Their matrix "
      "is the table of "
      "embeddings, as one parameter under two names.\n\n"
      "Shapes: ids (N, L) of whole numbers, output (N, L, vocab_size). Keys are those of Hugging Face's "
      "GPT2LMHeadModel. Source: Radford "
      "et al., \"Language models are unsupervised multitask learners\", 2019.\n\n"
      "Example:\n    >>> net = deepseek.models.GPT2LMHeadModel(99, 16, 32, 2, 4).eval()\n"
      "    >>> net(deepseek.tensor([[5, 7, 9]])).shape\n    (1, 3, 99)\n"
      "    >>> net.generate(deepseek.tensor([[5, 7, 9]]), max_new_tokens=4).shape\n    (1, 7)";
  explicit GPT2LMHeadModel(GPT2Config config = {});
  TensorList forward_many(const TensorList& inputs) override { return forward_named(inputs, {}); }
  TensorList forward_named(const TensorList& inputs, const nn::NamedArguments& named) override;
  // ids (N, L) -> (N, L + new): each step computes the new tokens only, keys and values of the rest are kept.
  Tensor generate(const Tensor& ids, const GenerateOptions& options);
  // Room for the keys and values of `capacity` rows of each of `batch` texts, in the type of the weights.
  KeyValueCache make_cache(int64_t batch, int64_t capacity) const;
  // Scores (N, vocab_size) of what follows ids, which follow the rows of the cache.
  Tensor next_scores(const Tensor& ids, KeyValueCache& cache);
};
DEEPSEEK_MODEL(GPT2LMHeadModel);

Ref<GPT2LMHeadModel> gpt2(GPT2Config config = {});
Ref<GPT2LMHeadModel> gpt2_medium(GPT2Config config = gpt2_medium_config());

}  // namespace deepseek::models
