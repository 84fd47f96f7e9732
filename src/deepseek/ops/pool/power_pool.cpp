#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/pool/windows.h"

namespace deepseek {
namespace {

Tensor lp_pool(std::string_view op, int spatial, const Tensor& input, double norm_type, const Dims& kernel,
               const std::optional<Dims>& stride, bool ceil_mode) {
  ensure(norm_type != 0, op, ": norm_type must not be 0");
  if (!is_floating_point(input.dtype()))
    raise_type(op, ": input must be floating point, but it is ", name_of(input.dtype()));
  const auto [x, added] = batched(op, spatial, input);
  AvgPool pool;
  pool.count_pad = true;
  set_windows(op, spatial, x, {kernel, stride, {0}, {1}, ceil_mode}, pool);
  const Tensor mean = unbatched(apply(pool, pow(x, norm_type)), added);
  return pow(mean * static_cast<double>(pool.kernel.numel()), 1 / norm_type);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, lp_pool1d,
    (const Tensor& input, double norm_type, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
     bool ceil_mode DEFAULT(false)),
    "The `norm_type`-norm of each window of `input` (batch, channels, length): (batch, channels, length').") {
  return lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode);
}
DEEPSEEK_FACTS(lp_pool1d, .in = {"functional"},
               .reference = "references.lp_pool(input, 1, norm_type, kernel_size, stride, ceil_mode)",
               .good = {"randn(2, 3, 8), 2.0, 2", "rand(3, 9), 3.0, 3, stride=2", "rand(2, 8), 1.5, 3, 2, True"},
               .bad = {"randn(2, 3, 8), 0.0, 2", "randn(2, 3, 2), 2.0, 3", "ints(2, 3, 8), 2.0, 2"});

DEEPSEEK_FUNCTION(
    Tensor, lp_pool2d,
    (const Tensor& input, double norm_type, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
     bool ceil_mode DEFAULT(false)),
    "The `norm_type`-norm of each window of `input` (batch, channels, h, w): (batch, channels, h', w').") {
  return lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode);
}
DEEPSEEK_FACTS(lp_pool2d, .in = {"functional"},
               .reference = "references.lp_pool(input, 2, norm_type, kernel_size, stride, ceil_mode)",
               .good = {"randn(2, 3, 4, 6), 2.0, 2", "rand(3, 7, 7), 3.0, (3, 2), stride=2"},
               .bad = {"randn(2, 3, 4, 6), 0.0, 2", "randn(2, 6), 2.0, 2"});

DEEPSEEK_FUNCTION(
    Tensor, lp_pool3d,
    (const Tensor& input, double norm_type, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
     bool ceil_mode DEFAULT(false)),
    "The `norm_type`-norm of each window of `input` (batch, channels, d, h, w): (batch, channels, d', h', w').") {
  return lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode);
}
DEEPSEEK_FACTS(lp_pool3d, .in = {"functional"},
               .reference = "references.lp_pool(input, 3, norm_type, kernel_size, stride, ceil_mode)",
               .good = {"randn(1, 2, 4, 4, 6), 2.0, 2"}, .bad = {"randn(1, 2, 4, 4, 6), 0.0, 2"});

}  // namespace deepseek
