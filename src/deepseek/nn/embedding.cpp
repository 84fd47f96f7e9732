#include "deepseek/nn/embedding.h"

#include "deepseek/graph/operators.h"
#include "deepseek/nn/init.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

Embedding::Embedding(EmbeddingOptions o) : Layer(o) {
  const int64_t n = config.num_embeddings;
  ensure(n >= 1 && config.embedding_dim >= 1, "Embedding: num_embeddings and embedding_dim must be at least 1, but are ", n, " and ",
         config.embedding_dim);
  NoGradGuard no_grad;
  const Shape shape{n, config.embedding_dim};
  Tensor weight = init::skip ? zeros(shape, modes.default_dtype) : randn(shape, modes.default_dtype);
  if (config.padding_idx) {
    int64_t row = *config.padding_idx;
    ensure(row >= -n && row < n, "Embedding: padding_idx must lie in [", -n, ", ", n, "), but is ", row);
    if (row < 0) row += n;
    config.padding_idx = row;
    const Tensor rows = reshape(arange(0, n, 1), {n, 1});
    weight = where(rows == Tensor(row), zeros({}, modes.default_dtype), weight);
  }
  register_parameter("weight", make_parameter(weight));
}

Tensor Embedding::forward(const Tensor& input) { return embedding(input, parameter("weight"), config.padding_idx); }

}  // namespace deepseek::nn
