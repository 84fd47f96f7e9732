#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/wide.h"
#include "deepseek/ops/pool/pool_ops.h"

namespace deepseek {
namespace {

// Channels beyond the ends count as zeros.
Tensor mean_square_of_neighbours(const Tensor& x, int64_t size) {
  const Shape& s = x.shape();
  const int64_t pixels = x.numel() / (s[0] * s[1]);
  AvgPool pool;
  pool.out = {s[1], pixels}, pool.kernel = {size, 1}, pool.stride = {1, 1}, pool.pad = {size / 2, 0}, pool.dilation = {1, 1};
  pool.divisor = static_cast<double>(size);
  return reshape(apply(pool, reshape(x * x, {s[0], 1, s[1], pixels})), s);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, normalize, (const Tensor& input, double p DEFAULT(2.0), int64_t dim DEFAULT(1),
                                      double eps DEFAULT(1e-12)),
                  "`input` divided by its p-norm along `dim`, which counts as at least `eps`; the shape stays.") {
  if (!is_floating_point(input.dtype())) raise_type("normalize: input must be floating point, but it is ",
                                                    name_of(input.dtype()));
  const int64_t at = wrap_dim(dim, input.rank(), "normalize");
  ensure(p > 0, "normalize: p must be positive, but it is ", p);
  if (std::isinf(p)) return input / maximum(amax(abs(input), {at}, true), eps);
  // The bound comes before the root, whose slope at zero is infinite.
  const Tensor sums = p == 2 ? input * input : p == 1 ? abs(input) : pow(abs(input), p);
  const Tensor bounded = maximum(wide(sum(sums, {at}, true)), std::pow(eps, p));
  const Tensor norm = p == 2 ? sqrt(bounded) : p == 1 ? bounded : pow(bounded, 1 / p);
  return input / cast(norm, input.dtype());
}
DEEPSEEK_FACTS(normalize, .in = {"functional"},
               .reference = "input / np.maximum(np.linalg.norm(input, ord=p, axis=dim, keepdims=True), eps)",
               .good = {"randn(3, 4)", "randn(3, 4), p=1.0, dim=0", "randn(2, 3, 4), p=3.0, dim=-1"},
               .bad = {"randn(3, 4), dim=2", "ints(3, 4)", "randn(3, 4), p=0.0"});

DEEPSEEK_FUNCTION(Tensor, local_response_norm,
                  (const Tensor& input, int64_t size, double alpha DEFAULT(1e-4), double beta DEFAULT(0.75),
                   double k DEFAULT(1.0)),
                  "`input` (batch, channels, ...) divided by (k + alpha * mean square of the `size` channels around) ** "
                  "beta.") {
  ensure(input.rank() >= 3, "local_response_norm: input must be (batch, channels, space...), but it is ",
         to_string(input.shape()));
  ensure(size >= 1, "local_response_norm: size must be at least 1, but it is ", size);
  if (!is_floating_point(input.dtype())) raise_type("local_response_norm: input must be floating point, but it is ",
                                                    name_of(input.dtype()));
  if (input.numel() == 0) return input;
  return input * pow(mean_square_of_neighbours(input, size) * alpha + k, -beta);
}
DEEPSEEK_FACTS(local_response_norm, .in = {"functional"},
               .reference = "references.local_response_norm(input, size, alpha, beta, k)",
               .good = {"randn(2, 5, 4), 3", "randn(2, 4, 3, 3), 2, alpha=0.1, beta=0.5, k=2.0"},
               .bad = {"randn(2, 5), 3", "randn(2, 5, 4), 0"});

}  // namespace deepseek
