// Rows of a table by number, and the sum of gradients per row.
#include <numeric>

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/half.h"

namespace deepseek {
namespace {

struct EmbeddingBase : KernelOp {
  int64_t padding = -1;  // a row that gets no gradient; -1: none
};

// weight (rows, width), numbers (...) of int64 -> (..., width)
struct Embedding : EmbeddingBase {
  static constexpr OpInfo info{.name = "embedding", .onnx = "Gather", .tflite = "EMBEDDING_LOOKUP"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = std::tuple{&Embedding::padding};
  Spec infer(const Spec& weight, const Spec& numbers) const {
    Shape shape = numbers.shape;
    shape.push_back(weight.shape[1]);
    return {weight.dtype, shape};
  }
  void cpu(const KernelArgs& a) const {
    const int64_t rows = a.in_spec(0).shape[0], bytes = a.in_spec(0).shape[1] * size_of(a.in_spec(0).dtype);
    const auto* table = a.in<std::byte>(0);
    const auto* numbers = a.in<int64_t>(1);
    auto* out = a.out<std::byte>();
    parallel_for(a.in_spec(1).numel(), std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(bytes, 1)),
                 [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = numbers[i];
        if (row < 0 || row >= rows) {
          raise_index("embedding: index ", row, " at position ", i, " of input ", to_string(a.in_spec(1).shape),
                      " is not one of the ", rows, " rows of weight ", to_string(a.in_spec(0).shape));
        }
        std::copy_n(table + row * bytes, bytes, out + i * bytes);
      }
    });
  }
  void gradient(Grad& g) const;
};

template <class S>
using Sum = std::conditional_t<sizeof(S) == 2, float, S>;
inline float load(bfloat16_t v) { return to_float(v); }
inline float load(float16_t v) { return to_float(v); }
inline float load(float v) { return v; }
inline double load(double v) { return v; }
template <class S, class T>
S store(T v) {
  if constexpr (std::is_same_v<S, bfloat16_t>) return to_bfloat16(v);
  else if constexpr (std::is_same_v<S, float16_t>) return to_float16(v);
  else return v;
}

// gradients (..., width), numbers (...) -> (rows, width): each row the sum of its gradients in their order.
struct EmbeddingSum : EmbeddingBase {
  static constexpr OpInfo info{.name = "embedding_sum"};
  static constexpr Saves saves = Saves::inputs;
  int64_t rows = 0;
  static constexpr auto attrs = std::tuple{&EmbeddingSum::padding, &EmbeddingSum::rows};
  Spec infer(const Spec& grad, const Spec&) const { return {grad.dtype, {rows, grad.shape.back()}}; }
  void cpu(const KernelArgs& a) const {
    switch (a.out_spec().dtype) {
      case DType::float64: return add<double>(a);
      case DType::bfloat16: return add<bfloat16_t>(a);
      case DType::float16: return add<float16_t>(a);
      default: return add<float>(a);
    }
  }
  void gradient(Grad& g) const {
    if (!g.needs(0)) return;
    Tensor up = g.grad();
    if (padding >= 0) up = where(unsqueeze(iota({rows}, {1}) == padding, 1), 0.0, up);
    g.set(0, apply(Embedding{}, up, g.input(1)));
  }

 private:
  template <class S>
  void add(const KernelArgs& a) const {
    const int64_t width = a.out_spec().shape[1], n = a.in_spec(1).numel();
    const S* grad = a.in<S>(0);
    const auto* numbers = a.in<int64_t>(1);
    // Positions sorted by row, in order within a row.
    std::vector<int64_t> start(static_cast<size_t>(rows) + 1), order(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      if (numbers[i] >= 0 && numbers[i] < rows) ++start[static_cast<size_t>(numbers[i]) + 1];
    }
    std::partial_sum(start.begin(), start.end(), start.begin());
    std::vector<int64_t> next(start.begin(), start.end() - 1);
    for (int64_t i = 0; i < n; ++i) {
      if (numbers[i] >= 0 && numbers[i] < rows) order[static_cast<size_t>(next[static_cast<size_t>(numbers[i])]++)] = i;
    }
    parallel_for(rows, std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
      std::vector<Sum<S>> sum(static_cast<size_t>(width));
      for (int64_t row = begin; row < end; ++row) {
        std::fill(sum.begin(), sum.end(), Sum<S>{});
        for (int64_t at = start[static_cast<size_t>(row)]; row != padding && at < start[static_cast<size_t>(row) + 1]; ++at) {
          const S* from = grad + order[static_cast<size_t>(at)] * width;
          for (int64_t j = 0; j < width; ++j) sum[static_cast<size_t>(j)] += load(from[j]);
        }
        for (int64_t j = 0; j < width; ++j) a.out<S>()[row * width + j] = store<S>(sum[static_cast<size_t>(j)]);
      }
    });
  }
};

void Embedding::gradient(Grad& g) const {
  if (!g.needs(0)) return;
  EmbeddingSum sum;
  sum.padding = padding, sum.rows = g.input_spec(0).shape[0];
  g.set(0, apply(sum, g.grad(), g.input(1)));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, embedding, (const Tensor& input, const Tensor& weight,
                                      std::optional<int64_t> padding_idx DEFAULT(std::nullopt)),
                  "The rows of `weight` (rows, width) that the whole numbers `input` (...) name: (..., width).\n"
                  "The row `padding_idx` gets no gradient.") {
  ensure(weight.rank() == 2, "embedding: weight must be (rows, width), but it is ", to_string(weight.shape()));
  if (!is_integral(input.dtype())) raise_type("embedding: input must hold whole numbers, but it is ", name_of(input.dtype()));
  const int64_t rows = weight.shape()[0];
  Embedding op;
  if (padding_idx) {
    ensure(*padding_idx >= -rows && *padding_idx < rows, "embedding: padding_idx ", *padding_idx, " is not one of the ", rows,
           " rows of weight");
    op.padding = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  }
  return apply(op, weight, cast(input, DType::int64));
}
DEEPSEEK_FACTS(embedding, .in = {"functional"}, .reference = "weight[input]",
               .good = {"ints(2, 3, high=5), randn(5, 4)", "ints(high=5), randn(5, 4)",
                        "ints(7, high=3), randn(4, 2), padding_idx=3", "ints(0, high=3), randn(3, 2)"},
               .bad = {"randn(2), randn(5, 4)", "ints(2, high=5), randn(5)", "ints(2, high=5), randn(5, 4), padding_idx=5",
                       "ints(2, low=5, high=9), randn(5, 4)"});

DEEPSEEK_FUNCTION(Tensor, embedding_bag,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> offsets DEFAULT(std::nullopt),
                   std::string mode DEFAULT("mean"), std::optional<Tensor> per_sample_weights DEFAULT(std::nullopt)),
                  "The sum or mean of the rows of `weight` (rows, width) in each bag of numbers: the rows of `input` (bags, "
                  "n), or the parts of\n"
                  "`input` (n) that begin at `offsets` (bags): (bags, width). `per_sample_weights` scales each row; `mode` is "
                  "'sum' or 'mean', and "
                  "for bags of one size 'max'.") {
  constexpr std::string_view op = "embedding_bag";
  ensure(mode == "sum" || mode == "mean" || (mode == "max" && !offsets), op,
         ": mode must be 'sum', 'mean' or, without offsets, 'max', but it is '", mode, "'");
  ensure(offsets ? input.rank() == 1 && offsets->rank() == 1 : input.rank() == 2, op,
         ": input must be (bags, n), or (n) with offsets, but it is ", to_string(input.shape()));
  ensure(!per_sample_weights || (mode == "sum" && per_sample_weights->shape() == input.shape()), op,
         ": per_sample_weights must be shaped like input ", to_string(input.shape()), ", and need mode 'sum'");
  Tensor rows = embedding(input, weight);
  if (per_sample_weights) rows = rows * unsqueeze(*per_sample_weights, -1);
  if (!offsets) return mode == "max" ? amax(rows, {1}, false) : mode == "sum" ? sum(rows, {1}) : mean(rows, {1});
  if (!is_integral(offsets->dtype())) raise_type(op, ": offsets must hold whole numbers, but they are ",
                                                 name_of(offsets->dtype()));
  const int64_t n = input.numel(), bags = offsets->numel();
  const Tensor starts = cast(*offsets, DType::int64);
  // The bag of a position is the last one that begins at or before it.
  const Tensor begun = iota({n, bags}, {1, 0}) >= starts, bag = sum(begun, {1}) - 1;
  const Tensor sums = index_add(filled({bags, weight.size(1)}, Tensor(scalar_value(0.0, weight.dtype()))), 0, bag, rows);
  if (mode == "sum") return sums;
  const Tensor sizes = sum(unsqueeze(bag, 1) == iota({n, bags}, {0, 1}), {0});
  return sums / cast(unsqueeze(maximum(sizes, 1), 1), weight.dtype());
}
DEEPSEEK_FACTS(embedding_bag, .in = {"functional"},
               .reference = "references.embedding_bag(input, weight, offsets, mode, per_sample_weights)",
               .good = {"ints(3, 4, high=5), randn(5, 2)", "ints(6, high=5), randn(5, 2), numpy.array([0, 2, 2, 5])",
                        "ints(3, 4, high=5), randn(5, 2), mode='max'",
                        "ints(6, high=5), randn(5, 2), numpy.array([0, 4]), mode='sum', per_sample_weights=randn(6)"},
               .bad = {"ints(3, high=5), randn(5, 2)", "ints(3, 4, high=5), randn(5, 2), mode='median'",
                       "ints(3, 4, high=5), randn(5, 2), per_sample_weights=randn(3, 4)"});

}  // namespace deepseek
