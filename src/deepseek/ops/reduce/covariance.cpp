// cov, corrcoef.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, cov,
                  (const Tensor& input, int64_t correction DEFAULT(1), std::optional<Tensor> fweights DEFAULT(std::nullopt),
                   std::optional<Tensor> aweights DEFAULT(std::nullopt)),
                  "Covariance matrix of the rows of `input` (variables, observations): (variables, variables), a scalar of a vector.\n\n"
                  "`fweights` (integers) say how often each observation counts, `aweights` how much.") {
  ensure(input.rank() <= 2, "cov: input must have at most two dims, but is ", to_string(input.shape()));
  const Tensor rows = input.rank() == 2 ? input : reshape(input, {1, input.numel()});
  const Tensor x = is_floating_point(rows.dtype()) ? rows : to(rows, modes.default_dtype);
  const int64_t n = x.shape()[1];
  for (const std::optional<Tensor>* w : {&fweights, &aweights}) {
    ensure(!*w || ((*w)->rank() <= 1 && (*w)->numel() == n), "cov: weights must be a vector of ", n, " elements, but are ",
           *w ? to_string((*w)->shape()) : "");
  }
  if (fweights && is_floating_point(fweights->dtype())) raise_type("cov: fweights must be integers, but are ", name_of(fweights->dtype()));
  if (aweights && !is_floating_point(aweights->dtype())) raise_type("cov: aweights must be floating, but are ", name_of(aweights->dtype()));
  const auto nonnegative = [](const std::optional<Tensor>& w, const char* name) {
    ensure(!w || !w->is_computed() || w->numel() == 0 || !any(lt(*w, Tensor(0))).item<bool>(), "cov: ", name, " must not be negative");
  };
  nonnegative(fweights, "fweights");
  nonnegative(aweights, "aweights");
  Tensor weights, total;
  if (fweights) weights = to(*fweights, x.dtype());
  if (aweights) weights = weights.defined() ? weights * *aweights : *aweights;
  weights = weights.defined() ? reshape(weights, {1, n}) : ones({1, n}, x.dtype());
  total = sum(weights);
  const Tensor away = x - sum(x * weights, {1}, true) / total;
  Tensor divisor = total - static_cast<double>(correction);
  if (aweights && correction != 0) {
    const Tensor squares = fweights ? sum(reshape(*aweights, {1, n}) * weights) : sum(*aweights * *aweights);
    divisor = total - squares * static_cast<double>(correction) / total;
  }
  const Tensor c = matmul(away * weights, transpose(away, 0, 1)) / clamp_min(divisor, Tensor(0.0));
  return input.rank() == 2 && x.shape()[0] != 1 ? c : reshape(c, {});
}
DEEPSEEK_FACTS(cov, .in = {"method"}, .reference = "numpy.cov(input, ddof=correction, fweights=fweights, aweights=aweights)",
               .good = {"randn(3, 8)", "randn(6)", "randn(2, 5), 0", "randn(2, 5), 1, ints(5, low=1, high=4)", "randn(2, 5), 1, None, rand(5) + 0.5",
                        "randn(2, 5), 1, ints(5, low=1, high=4), rand(5) + 0.5"},
               .bad = {"randn(2, 2, 2)", "randn(2, 5), 1, randn(5)", "randn(2, 5), 1, ints(4)", "randn(2, 5), 1, None, ints(5)"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, corrcoef, (const Tensor& input),
                  "Correlation coefficients of the rows of `input` (variables, observations): (variables, variables), in [-1, 1].") {
  ensure(input.rank() <= 2, "corrcoef: input must have at most two dims, but is ", to_string(input.shape()));
  const Tensor c = cov(input);
  if (c.rank() == 0) return c / c;
  const Tensor deviation = sqrt(diagonal(c));
  return clamp(c / unsqueeze(deviation, 1) / unsqueeze(deviation, 0), Tensor(-1.0), Tensor(1.0));
}
DEEPSEEK_FACTS(corrcoef, .in = {"method"}, .reference = "numpy.corrcoef(input)", .good = {"randn(3, 8)", "randn(6)"}, .bad = {"randn(2, 2, 2)"},
               .tolerance = 1e-4);

}  // namespace deepseek
