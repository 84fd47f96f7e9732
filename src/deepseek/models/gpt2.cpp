#include "deepseek/models/gpt2.h"

#include <cmath>

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
#include "deepseek/ops/attention/cached.h"
#include "deepseek/ops/attention/heads.h"

namespace deepseek::models {
namespace {

void add_norm(nn::Module& to, const char* name, const GPT2Config& c) {
  to.add<nn::LayerNorm>(name, nn::LayerNormOptions{.normalized_shape = c.n_embd, .eps = c.layer_norm_epsilon});
}

void add_product(nn::Module& to, const char* name, int64_t in, int64_t out) {
  to.add<Conv1D>(name, Conv1DOptions{.nf = out, .nx = in});
}

void check(const GPT2Config& c) {
  ensure(c.n_embd >= 1 && c.n_head >= 1 && c.n_embd % c.n_head == 0,
         "GPT2: n_embd must be a multiple of n_head, but they are ", c.n_embd, " and ", c.n_head);
  ensure(c.n_layer >= 0 && c.n_positions >= 1, "GPT2: n_layer and n_positions must not be negative, but are ",
         c.n_layer, " and ", c.n_positions);
  check_activation("GPT2", c.activation_function);
}

// What adds to the residual stream starts smaller the more layers there are.
void draw(nn::Module& net, const GPT2Config& c) {
  draw_normal(net, c.initializer_range);
  const double std = c.initializer_range / std::sqrt(2.0 * static_cast<double>(c.n_layer));
  const std::function<void(const nn::Module&)> shrink = [&](const nn::Module& m) {
    for (const auto& [name, child] : m.named_children()) {
      if (name == "c_proj") nn::init::normal_(child->parameter("weight"), 0, std).eval();
      shrink(*child);
    }
  };
  shrink(net);
}

}  // namespace

Conv1D::Conv1D(Conv1DOptions o) : Layer(o) {
  ensure(config.nf >= 1 && config.nx >= 1, "Conv1D: nf and nx must be at least 1, but are ", config.nf, " and ",
         config.nx);
  Tensor weight = zeros({config.nx, config.nf}, modes.default_dtype);
  if (!nn::init::skip) nn::init::normal_(weight, 0, 0.02);
  register_parameter("weight", nn::make_parameter(weight));
  register_parameter("bias", nn::make_parameter(zeros({config.nf}, modes.default_dtype)));
}

Tensor Conv1D::forward(const Tensor& input) {
  ensure(input.rank() >= 1 && input.size(-1) == config.nx, "Conv1D: the layer was made for inputs of ", config.nx,
         " features, but the input is ", nn::symbolic_shape(input.shape()));
  return linear(input, transpose(parameter("weight"), 0, 1), parameter("bias"));
}

GPT2Config gpt2_medium_config() {
  return {.n_embd = 1024, .n_layer = 24, .n_head = 16};
}

GPT2Block::GPT2Block(GPT2Config c) : Layer(std::move(c)) {
  check(config);
  const DrawLater later;
  const int64_t width = config.n_embd, inner = config.n_inner.value_or(4 * width);
  add_norm(*this, "ln_1", config);
  nn::Module& attention = add_group(*this, "attn");
  add_product(attention, "c_attn", width, 3 * width);
  add_product(attention, "c_proj", width, width);
  attention.add<nn::Dropout>("resid_dropout", config.resid_pdrop);
  add_norm(*this, "ln_2", config);
  nn::Module& mlp = add_group(*this, "mlp");
  add_product(mlp, "c_fc", width, inner);
  add_product(mlp, "c_proj", inner, width);
  mlp.add<nn::Dropout>("dropout", config.resid_pdrop);
  if (later.wanted()) draw(*this, config);
}

Tensor GPT2Block::run(const Tensor& x, KeyValueCache* cache, size_t layer) {
  ensure(x.rank() == 3, "GPT2Block: the input must be (batch, rows, ", config.n_embd, "), but is ",
         nn::symbolic_shape(x.shape()));
  nn::Module &attention = *find_child("attn"), &mlp = *find_child("mlp");
  const Tensor all = through(attention, "c_attn", through(*this, "ln_1", x));
  const auto part = [&](int64_t i) { return slice(all, 2, i * config.n_embd, (i + 1) * config.n_embd, 1); };
  Tensor seen;
  if (cache) {
    const Tensor past(cache->length);
    Tensor &keys = cache->keys[layer], &values = cache->values[layer];
    keys = cache_rows(keys, split_heads(part(1), config.n_head), past);
    values = cache_rows(values, split_heads(part(2), config.n_head), past);
    seen = join_heads(cached_attention(split_heads(part(0), config.n_head), keys, values, past));
  } else {
    const double drop = training && !modes.shape_only ? config.attn_pdrop : 0;
    seen = attend_in_heads(part(0), part(1), part(2), {.heads = config.n_head, .dropout = drop, .causal = true});
  }
  const Tensor y = x + through(attention, "resid_dropout", through(attention, "c_proj", seen));
  const Tensor h = activate(config.activation_function, through(mlp, "c_fc", through(*this, "ln_2", y)));
  return y + through(mlp, "dropout", through(mlp, "c_proj", h));
}

GPT2Model::GPT2Model(GPT2Config c) : Layer(std::move(c)) {
  check(config);
  const DrawLater later;
  add<nn::Embedding>("wte", config.vocab_size, config.n_embd);
  add<nn::Embedding>("wpe", config.n_positions, config.n_embd);
  add<nn::Dropout>("drop", config.embd_pdrop);
  const auto blocks = add<nn::ModuleList>("h");
  for (int64_t i = 0; i < config.n_layer; ++i) blocks->append(Ref<nn::Module>(nn::make<GPT2Block>(config).get()));
  add_norm(*this, "ln_f", config);
  if (later.wanted()) draw(*this, config);
}

TensorList GPT2Model::forward_named(const TensorList& inputs, const nn::NamedArguments& named) {
  const nn::Arguments a(*this, {"input_ids", "position_ids"}, 1, {}, inputs, named);
  return {run(a[0], a[1], nullptr)};
}

Tensor GPT2Model::run(const Tensor& ids, const Tensor& position_ids, KeyValueCache* cache) {
  const int64_t past = cache ? cache->length : 0;
  check_ids("GPT2Model", ids, config.n_positions - past);
  ensure(!position_ids.defined() || broadcastable_to(position_ids.shape(), ids.shape()),
         "GPT2Model: position_ids must be shaped like the ids ", nn::symbolic_shape(ids.shape()));
  const Tensor places = position_ids.defined() ? position_ids : positions(ids.size(1), past);
  Tensor x = through(*this, "drop", through(*this, "wte", ids) + through(*this, "wpe", places));
  size_t layer = 0;
  for (const auto& [name, block] : find_child("h")->named_children()) {
    if (cache) {
      LayerScope scope(block->scope_name());
      x = dynamic_cast<GPT2Block&>(*block).run(x, cache, layer++);
    } else {
      x = (*block)(x);
    }
  }
  if (cache) cache->length += ids.size(1);
  return through(*this, "ln_f", x);
}

GPT2LMHeadModel::GPT2LMHeadModel(GPT2Config c) : Layer(std::move(c)) {
  const DrawLater later;
  const auto body = add<GPT2Model>("transformer", config);
  const auto head = add<nn::Linear>(
      "lm_head", nn::LinearOptions{.out_features = config.vocab_size, .bias = false, .in_features = config.n_embd});
  head->set_parameter("weight", body->get_parameter("wte.weight"));
  if (later.wanted()) draw(*this, config);
}

TensorList GPT2LMHeadModel::forward_named(const TensorList& inputs, const nn::NamedArguments& named) {
  nn::Module& body = *find_child("transformer");
  LayerScope scope(body.scope_name());
  return {through(*this, "lm_head", body.forward_named(inputs, named)[0])};
}

Ref<GPT2LMHeadModel> gpt2(GPT2Config config) {
  return nn::make<GPT2LMHeadModel>(std::move(config));
}
Ref<GPT2LMHeadModel> gpt2_medium(GPT2Config config) {
  return nn::make<GPT2LMHeadModel>(std::move(config));
}

}  // namespace deepseek::models
