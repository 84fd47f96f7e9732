// Draws of categories: multinomial, gumbel_softmax.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/random/draws.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek {
namespace {

// Inputs: weights (rows, categories) in float64, key.
struct Multinomial : KernelOp {
  static constexpr OpInfo info{.name = "multinomial"};
  static constexpr NotDifferentiable gradient{"drawn categories have no slope"};
  int64_t samples = 1;
  bool replacement = false;
  static constexpr auto attrs = std::tuple{&Multinomial::samples, &Multinomial::replacement};
  Spec infer(const Spec& weights, const Spec&) const { return {DType::int64, {weights.shape[0], samples}}; }

  void cpu(const KernelArgs& args) const {
    const int64_t rows = args.in_spec(0).shape[0], n = args.in_spec(0).shape[1];
    const int64_t key = *args.in<int64_t>(1);
    parallel_for(rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) row(args.in<double>(0) + r * n, n, r, key, args.out<int64_t>() + r * samples);
    });
  }

  void row(const double* w, int64_t n, int64_t r, int64_t key, int64_t* out) const {
    std::vector<double> sums(static_cast<size_t>(n));
    double total = 0;
    int64_t possible = 0;
    for (int64_t i = 0; i < n; ++i) {
      ensure(w[i] >= 0 && std::isfinite(w[i]), "multinomial: weights must be finite and not negative, but row ", r, " holds ",
          w[i]);
      possible += w[i] > 0;
      sums[static_cast<size_t>(i)] = total += w[i];
    }
    ensure(possible >= (replacement ? 1 : samples), "multinomial: row ", r, " has ", possible,
        " categories of positive weight, but ",
           replacement ? 1 : samples, " are needed");
    if (replacement) {
      for (int64_t j = 0; j < samples; ++j) {
        const double u = philox::uniform<double>(philox::words(r * samples + j, key)) * total;
        // Rounding may carry u to the total: the last category with weight takes it.
        const auto at = std::upper_bound(sums.begin(), sums.end(), u);
        out[j] = (at == sums.end() ? std::lower_bound(sums.begin(), sums.end(), total) : at) - sums.begin();
      }
      return;
    }
    // Each category waits for an exponential time; the first to arrive are a draw without replacement.
    std::vector<double> times(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      times[static_cast<size_t>(i)] = -std::log1p(-philox::uniform<double>(philox::words(r * n + i, key))) / w[i];
      if (w[i] == 0) times[static_cast<size_t>(i)] = std::numeric_limits<double>::infinity();
    }
    std::vector<int64_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), int64_t{0});
    const auto earlier = [&](int64_t a, int64_t b) {
      const double x = times[static_cast<size_t>(a)], y = times[static_cast<size_t>(b)];
      return x < y || (x == y && a < b);
    };
    std::partial_sort_copy(order.begin(), order.end(), out, out + samples, earlier);
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, multinomial, (const Tensor& input, int64_t num_samples, bool replacement DEFAULT(false)),
                  "num_samples indices for each row of weights input, (rows, categories) or (categories,), drawn with the "
                  "chances that the weights state.\n\nThe weights need not sum to one. Without replacement a row holds no "
                  "index twice. int64.") {
  ensure(input.rank() == 1 || input.rank() == 2, "multinomial: input must be (rows, categories) or (categories,), but is ",
      to_string(input.shape()));
  if (!is_floating_point(input.dtype())) raise_type("multinomial: input must be a floating tensor, but is ",
      name_of(input.dtype()));
  const int64_t n = input.size(-1);
  ensure(num_samples > 0, "multinomial: num_samples must be positive, but is ", num_samples);
  ensure(n > 0, "multinomial: input ", to_string(input.shape()), " has no categories");
  ensure(replacement || num_samples <= n, "multinomial: ", num_samples,
      " samples without replacement need as many categories, but there are ", n);
  const bool single = input.rank() == 1;
  const Tensor weights = to(single ? unsqueeze(input, 0) : input, DType::float64).detach();
  const Tensor drawn = apply(Multinomial{.samples = num_samples, .replacement = replacement}, weights, next_random_key());
  return single ? reshape(drawn, {num_samples}) : drawn;
}
DEEPSEEK_FACTS(multinomial, .in = {"method"}, .good = {"rand(3, 4), 2", "rand(4), 9, True"},
               .bad = {"rand(3, 4), 5", "rand(3), 0", "-rand(3), 1", "ints(3), 1", "rand(2, 3, 4), 1", "rand(3) * 0.0, 1"},
                        .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, gumbel_softmax,
                  (const Tensor& logits, double tau DEFAULT(1.0), bool hard DEFAULT(false), int64_t dim DEFAULT(-1)),
                  "softmax((logits + noise) / tau) along dim with Gumbel noise: a differentiable draw of a category.\n\n"
                  "hard gives the one-hot draw itself, with the gradient of the soft one.") {
  ensure(tau > 0, "gumbel_softmax: tau must be positive, but is ", tau);
  if (!is_floating_point(logits.dtype())) raise_type("gumbel_softmax: logits must be a floating tensor, but is ",
      name_of(logits.dtype()));
  wrap_dim(dim, logits.rank(), "gumbel_softmax");
  // 1 - u is in (0, 1], and -log(1 - u) an exponential time; the least number keeps its logarithm finite.
  const Tensor time = -log1p(-random::uniform(logits.shape(), random::drawn(logits.dtype()), next_random_key()));
  const Tensor noise = to(-log(clamp_min(time, 1e-30)), logits.dtype());
  const Tensor soft = softmax((logits + noise) / tau, dim);
  if (!hard) return soft;
  const Tensor top = to(eq(soft, amax(soft, {dim}, true)), soft.dtype());
  return top - soft.detach() + soft;
}
DEEPSEEK_FACTS(gumbel_softmax, .in = {"functional"}, .good = {"randn(3, 4)", "randn(3, 4), 0.5, True"},
               .bad = {"randn(3), 0.0", "randn(3), 1.0, False, 2", "ints(3)"}, .check_grad = false);

}  // namespace deepseek
