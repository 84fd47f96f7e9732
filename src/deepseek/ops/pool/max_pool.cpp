#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/pool/windows.h"

namespace deepseek {
namespace {

Result max_pool(std::string_view op, int spatial, const Tensor& input, const PoolArguments& arguments, bool return_indices) {
  const auto [x, added] = batched(op, spatial, input);
  MaxPool pool;
  set_windows(op, spatial, x, arguments, pool);
  const Tensor y = unbatched(apply(pool, x), added);
  if (!return_indices) return y;
  MaxPoolIndex index;
  static_cast<PoolOp&>(index) = pool;
  return TensorList{y, unbatched(apply(index, x), added)};
}

}  // namespace

DEEPSEEK_FUNCTION(Result, max_pool1d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), Dims dilation DEFAULT({1}), bool ceil_mode DEFAULT(false),
                   bool return_indices DEFAULT(false)),
                  "The largest element of each window of `input` (batch, channels, length): (batch, channels, length').\n"
                  "`stride` is `kernel_size` unless given; with `return_indices` also their positions in the image.") {
  return max_pool("max_pool1d", 1, input, {kernel_size, stride, padding, dilation, ceil_mode}, return_indices);
}
DEEPSEEK_FACTS(max_pool1d, .in = {"functional"},
               .reference = "references.max_pool(input, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices)",
               .good = {"randn(2, 3, 8), 2", "randn(3, 9), 3, stride=2, padding=1",
                        "randn(1, 2, 8), 3, stride=2, ceil_mode=True", "randn(2, 2, 9), 3, dilation=2"},
               .bad = {"randn(2, 3, 2), 3", "randn(3, 4, 4, 4), 2"});

DEEPSEEK_FUNCTION(Result, max_pool2d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), Dims dilation DEFAULT({1}), bool ceil_mode DEFAULT(false),
                   bool return_indices DEFAULT(false)),
                  "The largest element of each window of `input` (batch, channels, h, w): (batch, channels, h', w').\n"
                  "`stride` is `kernel_size` unless given; with `return_indices` also their positions in the image.") {
  return max_pool("max_pool2d", 2, input, {kernel_size, stride, padding, dilation, ceil_mode}, return_indices);
}
DEEPSEEK_FACTS(max_pool2d, .in = {"functional"},
               .reference = "references.max_pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)",
               .good = {"randn(2, 3, 6, 5), 2", "randn(3, 7, 7), 3, stride=2, padding=1",
                        "randn(1, 2, 8, 7), (3, 2), stride=(2, 1), padding=(1, 0), dilation=(2, 1)",
                        "randn(1, 2, 6, 6), 3, stride=2, ceil_mode=True", "randn(2, 3, 6, 5), 2, return_indices=True",
                        "randn(0, 3, 4, 4), 2"},
               .bad = {"randn(2, 3, 2, 2), 3", "randn(2, 3, 4, 4), 2, padding=2", "randn(2, 3, 4, 4), 0",
                       "randn(2, 3, 4, 4), (2, 2, 2)"});

DEEPSEEK_FUNCTION(Result, max_pool3d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), Dims dilation DEFAULT({1}), bool ceil_mode DEFAULT(false),
                   bool return_indices DEFAULT(false)),
                  "The largest element of each window of `input` (batch, channels, d, h, w): (batch, channels, d', h', w').\n"
                  "`stride` is `kernel_size` unless given; with `return_indices` also their positions in the image.") {
  return max_pool("max_pool3d", 3, input, {kernel_size, stride, padding, dilation, ceil_mode}, return_indices);
}
DEEPSEEK_FACTS(max_pool3d, .in = {"functional"},
               .reference = "references.max_pool(input, 3, kernel_size, stride, padding, dilation, ceil_mode, return_indices)",
               .good = {"randn(1, 2, 4, 4, 6), 2", "randn(1, 2, 5, 5, 5), 3, stride=2, padding=1"},
               .bad = {"randn(1, 1, 2, 2, 2), 3"});

}  // namespace deepseek
