#include "deepseek/models/vision_transformer.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/attention.h"
#include "deepseek/nn/conv.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/sequential.h"
#include "deepseek/nn/symbolic.h"
#include "deepseek/ops.h"

namespace deepseek::models {
namespace {

Ref<nn::Module> norm(int64_t width) {
  return Ref<nn::Module>(nn::make<nn::LayerNorm>(nn::LayerNormOptions{.normalized_shape = width, .eps = 1e-6}).get());
}

Ref<nn::Linear> dense(int64_t in, int64_t out) {
  return nn::make<nn::Linear>(nn::LinearOptions{.out_features = out, .in_features = in});
}

Ref<nn::Linear> mlp_dense(int64_t in, int64_t out) {
  auto layer = dense(in, out);
  if (nn::init::skip) return layer;
  nn::init::xavier_uniform_(layer->parameter("weight")).eval();
  nn::init::normal_(layer->parameter("bias"), 0, 1e-6).eval();
  return layer;
}

void refill(const nn::Module& layer, double std) {
  if (nn::init::skip) return;
  if (std > 0)
    nn::init::trunc_normal_(layer.parameter("weight"), 0, std).eval();
  else
    nn::init::zeros_(layer.parameter("weight")).eval();
  nn::init::zeros_(layer.parameter("bias")).eval();
}

}  // namespace

EncoderBlock::EncoderBlock(EncoderBlockOptions o) : Layer(o) {
  register_module("ln_1", norm(config.hidden_dim));
  add<nn::MultiheadAttention>("self_attention", nn::MultiheadAttentionOptions{.embed_dim = config.hidden_dim,
                                                                              .num_heads = config.num_heads,
                                                                              .dropout = config.attention_dropout,
                                                                              .batch_first = true});
  add<nn::Dropout>("dropout", config.dropout);
  register_module("ln_2", norm(config.hidden_dim));
  const auto mlp = nn::make<nn::Sequential>(
      mlp_dense(config.hidden_dim, config.mlp_dim), nn::make<nn::GELU>(), nn::make<nn::Dropout>(config.dropout),
      mlp_dense(config.mlp_dim, config.hidden_dim), nn::make<nn::Dropout>(config.dropout));
  register_module("mlp", Ref<nn::Module>(mlp.get()));
}

Tensor EncoderBlock::forward(const Tensor& x) {
  ensure(x.rank() == 3, "EncoderBlock: the input must be (batch, rows, ", config.hidden_dim, "), but is ",
         nn::symbolic_shape(x.shape()));
  const auto call = [&](const char* name, const Tensor& t) { return (*find_child(name))(t); };
  const Tensor normed = call("ln_1", x);
  auto& heads = dynamic_cast<nn::MultiheadAttention&>(*find_child("self_attention"));
  Tensor seen;
  {
    LayerScope scope(heads.scope_name());
    seen = heads.attend(normed, normed, normed, {.need_weights = false})[0];
  }
  const Tensor y = x + call("dropout", seen);
  return y + call("mlp", call("ln_2", y));
}

VisionTransformer::VisionTransformer(VisionTransformerOptions o) : Layer(std::move(o)) {
  const auto& c = config;
  ensure(c.patch_size >= 1 && c.image_size >= c.patch_size && c.image_size % c.patch_size == 0,
         "VisionTransformer: image_size must be a multiple of "
         "patch_size, but they are ",
         c.image_size, " and ", c.patch_size);
  ensure(c.num_layers >= 0 && c.hidden_dim >= 1 && c.mlp_dim >= 1,
         "VisionTransformer: num_layers, hidden_dim and mlp_dim must be positive, but are ", c.num_layers, ", ",
         c.hidden_dim, " and ", c.mlp_dim);
  register_parameter("class_token", nn::make_parameter(zeros({1, 1, c.hidden_dim}, modes.default_dtype)));
  const auto conv = add<nn::Conv2d>("conv_proj", nn::ConvOptions{.out_channels = c.hidden_dim,
                                                                 .kernel_size = c.patch_size,
                                                                 .stride = c.patch_size,
                                                                 .in_channels = c.in_channels});
  refill(*conv, 1 / std::sqrt(static_cast<double>(c.in_channels * c.patch_size * c.patch_size)));
  const auto encoder = add<nn::ModuleDict>("encoder");
  const int64_t side = c.image_size / c.patch_size;
  Tensor places = zeros({1, side * side + 1, c.hidden_dim}, modes.default_dtype);
  if (!nn::init::skip) nn::init::normal_(places, 0, 0.02);
  encoder->register_parameter("pos_embedding", nn::make_parameter(places));
  encoder->add<nn::Dropout>("dropout", c.dropout);
  const auto layers = encoder->add<nn::Sequential>("layers");
  for (int64_t i = 0; i < c.num_layers; ++i) {
    const EncoderBlockOptions block{.num_heads = c.num_heads,
                                    .hidden_dim = c.hidden_dim,
                                    .mlp_dim = c.mlp_dim,
                                    .dropout = c.dropout,
                                    .attention_dropout = c.attention_dropout};
    layers->register_module(concat("encoder_layer_", i), Ref<nn::Module>(nn::make<EncoderBlock>(block).get()));
  }
  encoder->register_module("ln", norm(c.hidden_dim));
  const auto heads = add<nn::Sequential>("heads");
  const int64_t width = c.representation_size.value_or(c.hidden_dim);
  if (c.representation_size) {
    const auto before = dense(c.hidden_dim, width);
    refill(*before, 1 / std::sqrt(static_cast<double>(c.hidden_dim)));
    heads->register_module("pre_logits", Ref<nn::Module>(before.get()));
    heads->register_module("act", Ref<nn::Module>(nn::make<nn::Tanh>().get()));
  }
  const auto head = dense(width, c.num_classes);
  refill(*head, 0);
  heads->register_module("head", Ref<nn::Module>(head.get()));
}

Tensor VisionTransformer::forward(const Tensor& images) {
  ensure(images.rank() == 4 && images.size(1) == config.in_channels && images.size(2) == config.image_size &&
             images.size(3) == config.image_size,
         "VisionTransformer: the input must be (batch, ", config.in_channels, ", ", config.image_size, ", ",
         config.image_size, "), but is ", nn::symbolic_shape(images.shape()));
  const Tensor patches = permute(flatten((*find_child("conv_proj"))(images), 2), {0, 2, 1});
  nn::Module& encoder = *find_child("encoder");
  const auto call = [&](const char* name, const Tensor& t) { return (*encoder.find_child(name))(t); };
  const Tensor first = expand(parameter("class_token"), {images.size(0), 1, config.hidden_dim});
  const Tensor rows = call("dropout", cat({first, patches}, 1) + encoder.parameter("pos_embedding"));
  return (*find_child("heads"))(select(call("ln", call("layers", rows)), 1, 0));
}

Ref<VisionTransformer> vit_b_16(VisionTransformerOptions options) {
  return nn::make<VisionTransformer>(std::move(options));
}

}  // namespace deepseek::models
