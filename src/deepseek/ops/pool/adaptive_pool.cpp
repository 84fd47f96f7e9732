#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/wide.h"
#include "deepseek/ops/pool/windows.h"

namespace deepseek {
namespace {

Tensor adaptive_avg_pool(std::string_view op, int spatial, const Tensor& input, const Dims& output_size) {
  const auto [x, added] = batched(op, spatial, input);
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be floating point, but it is ", name_of(x.dtype()));
  AvgPool pool;
  set_adaptive(op, spatial, x, output_size, pool);
  if (pool.out.numel() == 1) {  // one mean per channel: a reduction, which fuses with its neighbours
    Dims space;
    double pixels = 1;
    for (int d = 2; d < x.rank(); ++d) space.push_back(d), pixels *= static_cast<double>(x.shape()[d]);
    return unbatched(cast(sum_over(wide(x), space) * (1 / pixels), x.dtype()), added);
  }
  return unbatched(apply(pool, x), added);
}

Result adaptive_max_pool(std::string_view op, int spatial, const Tensor& input, const Dims& output_size, bool return_indices) {
  const auto [x, added] = batched(op, spatial, input);
  MaxPool pool;
  set_adaptive(op, spatial, x, output_size, pool);
  const Tensor y = unbatched(apply(pool, x), added);
  if (!return_indices) return y;
  MaxPoolIndex index;
  static_cast<PoolOp&>(index) = pool;
  return TensorList{y, unbatched(apply(index, x), added)};
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, adaptive_avg_pool1d, (const Tensor& input, Dims output_size),
                  "The means of `output_size` even parts of each image of `input` (batch, channels, length).\n"
                  "A size of -1 keeps the input's.") {
  return adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size);
}
DEEPSEEK_FACTS(adaptive_avg_pool1d, .in = {"functional"}, .reference = "references.adaptive_avg_pool(input, 1, output_size)",
               .good = {"randn(2, 3, 8), 3", "randn(3, 7), 1"},
               .bad = {"randn(2, 3, 8), 0"});

DEEPSEEK_FUNCTION(Result, adaptive_max_pool1d, (const Tensor& input, Dims output_size, bool return_indices DEFAULT(false)),
                  "The largest elements of `output_size` even parts of each image of `input` (batch, channels, length).\n"
                  "A size of -1 keeps the input's; with `return_indices` also their positions in the image.") {
  return adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices);
}
DEEPSEEK_FACTS(adaptive_max_pool1d, .in = {"functional"},
               .reference = "references.adaptive_max_pool(input, 1, output_size, return_indices)",
               .good = {"randn(2, 3, 8), 3", "randn(3, 7), 1"}, .bad = {"randn(2, 3, 8), 0"});

DEEPSEEK_FUNCTION(Tensor, adaptive_avg_pool2d, (const Tensor& input, Dims output_size),
                  "The means of `output_size` even parts of each image of `input` (batch, channels, h, w).\n"
                  "A size of -1 keeps the input's.") {
  return adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size);
}
DEEPSEEK_FACTS(adaptive_avg_pool2d, .in = {"functional"}, .reference = "references.adaptive_avg_pool(input, 2, output_size)",
               .good = {"randn(2, 3, 6, 5), 1", "randn(2, 3, 7, 5), (3, 2)", "randn(3, 4, 4), (-1, 6)"},
               .bad = {"randn(2, 3, 6, 5), (1, 2, 3)", "randn(3, 5), 1"});

DEEPSEEK_FUNCTION(Result, adaptive_max_pool2d, (const Tensor& input, Dims output_size, bool return_indices DEFAULT(false)),
                  "The largest elements of `output_size` even parts of each image of `input` (batch, channels, h, w).\n"
                  "A size of -1 keeps the input's; with `return_indices` also their positions in the image.") {
  return adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices);
}
DEEPSEEK_FACTS(adaptive_max_pool2d, .in = {"functional"},
               .reference = "references.adaptive_max_pool(input, 2, output_size, return_indices)",
               .good = {"randn(2, 3, 6, 5), 1", "randn(2, 3, 7, 5), (3, 2)", "randn(3, 4, 4), (-1, 6)"},
               .bad = {"randn(2, 3, 6, 5), (1, 2, 3)", "randn(3, 5), 1"});

DEEPSEEK_FUNCTION(Tensor, adaptive_avg_pool3d, (const Tensor& input, Dims output_size),
                  "The means of `output_size` even parts of each image of `input` (batch, channels, d, h, w).\n"
                  "A size of -1 keeps the input's.") {
  return adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size);
}
DEEPSEEK_FACTS(adaptive_avg_pool3d, .in = {"functional"}, .reference = "references.adaptive_avg_pool(input, 3, output_size)",
               .good = {"randn(1, 2, 4, 5, 6), (2, 3, 4)"},
               .bad = {"randn(2, 4, 4), 1"});

DEEPSEEK_FUNCTION(Result, adaptive_max_pool3d, (const Tensor& input, Dims output_size, bool return_indices DEFAULT(false)),
                  "The largest elements of `output_size` even parts of each image of `input` (batch, channels, d, h, w).\n"
                  "A size of -1 keeps the input's; with `return_indices` also their positions in the image.") {
  return adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices);
}
DEEPSEEK_FACTS(adaptive_max_pool3d, .in = {"functional"},
               .reference = "references.adaptive_max_pool(input, 3, output_size, return_indices)",
               .good = {"randn(1, 2, 4, 5, 6), (2, 3, 4)"}, .bad = {"randn(2, 4, 4), 1"});

}  // namespace deepseek
