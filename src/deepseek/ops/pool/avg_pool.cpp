#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/pool/windows.h"

namespace deepseek {
namespace {

Tensor avg_pool(std::string_view op, int spatial, const Tensor& input, const PoolArguments& arguments, bool count_include_pad,
                std::optional<int64_t> divisor) {
  const auto [x, added] = batched(op, spatial, input);
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be floating point, but it is ", name_of(x.dtype()));
  ensure(!divisor || *divisor != 0, op, ": divisor_override must not be 0");
  AvgPool pool;
  pool.count_pad = count_include_pad;
  pool.divisor = static_cast<double>(divisor.value_or(0));
  set_windows(op, spatial, x, arguments, pool);
  return unbatched(apply(pool, x), added);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, avg_pool1d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), bool ceil_mode DEFAULT(false), bool count_include_pad DEFAULT(true)),
                  "The mean of each window of `input` (batch, channels, length): (batch, channels, length').\n"
                  "Padding counts as zeros unless `count_include_pad` is false.") {
  return avg_pool("avg_pool1d", 1, input, {kernel_size, stride, padding, {1}, ceil_mode}, count_include_pad, std::nullopt);
}
DEEPSEEK_FACTS(avg_pool1d, .in = {"functional"},
               .reference = "references.avg_pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)",
               .good = {"randn(2, 3, 8), 2", "randn(3, 9), 3, stride=2, padding=1",
                        "randn(1, 2, 8), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False"},
               .bad = {"randn(2, 3, 2), 3", "ints(2, 3, 8), 2"});

DEEPSEEK_FUNCTION(Tensor, avg_pool2d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), bool ceil_mode DEFAULT(false), bool count_include_pad DEFAULT(true),
                   std::optional<int64_t> divisor_override DEFAULT(std::nullopt)),
                  "The mean of each window of `input` (batch, channels, h, w): (batch, channels, h', w').\n"
                  "Padding counts as zeros unless `count_include_pad` is false.") {
  return avg_pool("avg_pool2d", 2, input, {kernel_size, stride, padding, {1}, ceil_mode}, count_include_pad, divisor_override);
}
DEEPSEEK_FACTS(avg_pool2d, .in = {"functional"},
               .reference = "references.avg_pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, "
                            "divisor_override)",
               .good = {"randn(2, 3, 6, 5), 2", "randn(3, 7, 7), 3, stride=2, padding=1",
                        "randn(1, 2, 6, 6), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False",
                        "randn(1, 2, 6, 6), (2, 3), divisor_override=5", "randn(0, 3, 4, 4), 2"},
               .bad = {"randn(2, 3, 2, 2), 3", "randn(2, 3, 4, 4), 2, padding=2", "randn(2, 3, 4, 4), 2, divisor_override=0"});

DEEPSEEK_FUNCTION(Tensor, avg_pool3d,
                  (const Tensor& input, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
                   Dims padding DEFAULT({0}), bool ceil_mode DEFAULT(false), bool count_include_pad DEFAULT(true),
                   std::optional<int64_t> divisor_override DEFAULT(std::nullopt)),
                  "The mean of each window of `input` (batch, channels, d, h, w): (batch, channels, d', h', w').\n"
                  "Padding counts as zeros unless `count_include_pad` is false.") {
  return avg_pool("avg_pool3d", 3, input, {kernel_size, stride, padding, {1}, ceil_mode}, count_include_pad, divisor_override);
}
DEEPSEEK_FACTS(avg_pool3d, .in = {"functional"},
               .reference = "references.avg_pool(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, "
                            "divisor_override)",
               .good = {"randn(1, 2, 4, 4, 6), 2", "randn(1, 2, 5, 5, 5), 3, stride=2, padding=1"},
               .bad = {"randn(1, 1, 2, 2, 2), 3"});

}  // namespace deepseek
