#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct EmbeddingOptions {
  int64_t num_embeddings = 0;
  int64_t embedding_dim = 0;
  std::optional<int64_t> padding_idx = {};
  static constexpr auto fields = std::tuple{field("num_embeddings", &EmbeddingOptions::num_embeddings, required),
                                            field("embedding_dim", &EmbeddingOptions::embedding_dim, required),
                                            field("padding_idx", &EmbeddingOptions::padding_idx)};
};

class Embedding : public Layer<EmbeddingOptions> {
 public:
  static constexpr const char* doc =
      "A table of vectors, looked up by integers. The row `padding_idx` starts at zero and gets no gradient.\n\n"
      "Shapes: input (*) of integers, output (*, embedding_dim); weight (num_embeddings, embedding_dim).\n\n"
      "Example:\n    >>> Embedding(100, 16)(deepseek.tensor([[1, 2, 3]])).shape\n    (1, 3, 16)";
  explicit Embedding(EmbeddingOptions options);
  Embedding(int64_t num_embeddings, int64_t embedding_dim)
      : Embedding(EmbeddingOptions{.num_embeddings = num_embeddings, .embedding_dim = embedding_dim}) {}
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(Embedding);

}  // namespace deepseek::nn
