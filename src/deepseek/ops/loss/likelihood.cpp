// Losses of distributions: kl_div, poisson_nll_loss, gaussian_nll_loss.
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/loss/reduction.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, kl_div,
                  (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean"),
                      bool log_target DEFAULT(false)),
                  "target * (log(target) - input): the divergence of probabilities target from log-probabilities input.\n\n"
                  "log_target: target holds log-probabilities too. reduction 'batchmean' divides the sum by the size of dim 0, "
                  "which is the divergence proper; 'mean' divides by all elements.") {
  loss::check_same_shape(input, target, "kl_div");
  if (reduction != "batchmean") {
    ensure(reduction == "none" || reduction == "mean" || reduction == "sum",
           "kl_div: reduction must be 'none', 'batchmean', 'mean' or 'sum', but is '", reduction, "'");
  }
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  const Tensor values = log_target ? exp(t) * (t - x) : xlogy(t, t) - t * x;
  if (reduction == "batchmean") return sum(values) / static_cast<double>(x.rank() > 0 ? x.size(0) : 1);
  return loss::reduced(values, reduction, "kl_div");
}
DEEPSEEK_FACTS(kl_div, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l.sum() / "
                            "input.shape[0] if reduction == 'batchmean' else l)(numpy.exp(target) * (target - input) if "
                            "log_target else scipy.special.xlogy(target, target) - target * input)",
               .good = {"randn(2, 3), rand(2, 3) + 0.1", "randn(2, 3), rand(2, 3) + 0.1, 'batchmean'",
                        "randn(2, 3), randn(2, 3), 'sum', True",
                        "randn(3), rand(3) + 0.1, 'none'"},
               .bad = {"randn(2, 3), rand(3)", "randn(3), rand(3), 'average'"});

DEEPSEEK_FUNCTION(Tensor, poisson_nll_loss,
                  (const Tensor& input, const Tensor& target, bool log_input DEFAULT(true), bool full DEFAULT(false),
                   double eps DEFAULT(1e-08), std::string reduction DEFAULT("mean")),
                  "The negative log-likelihood of counts target under the rate exp(input), or input when log_input is "
                  "False.\n\n"
                  "exp(input) - target * input, or input - target * log(input + eps); full adds Stirling's term where target > "
                  "1.") {
  loss::check_same_shape(input, target, "poisson_nll_loss");
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  Tensor values = log_input ? exp(x) - t * x : x - t * log(x + eps);
  if (full) {
    const Tensor above = gt(t, 1.0), safe = where(above, t, 1.0);
    values = values + where(above, safe * log(safe) - safe + log(safe * 6.283185307179586) * 0.5, 0.0);
  }
  return loss::reduced(values, reduction, "poisson_nll_loss");
}
DEEPSEEK_FACTS(poisson_nll_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)((numpy.exp(input) - target * input if log_input else input - target * numpy.log(input + eps)) "
                            "+ (numpy.where(target > 1, target * numpy.log(target) - target + 0.5 * numpy.log(2 * numpy.pi * "
                            "target), 0) if full else 0))",
               .good = {"randn(2, 3), rand(2, 3) * 3 + 0.1", "rand(2, 3) + 0.1, rand(2, 3) * 3 + 0.1, False, True",
                        "randn(3), rand(3) + 0.1, reduction='none'"},
               .bad = {"randn(2, 3), rand(3)", "randn(3), rand(3), reduction='average'"});

DEEPSEEK_FUNCTION(Tensor, gaussian_nll_loss,
                  (const Tensor& input, const Tensor& target, const Tensor& var, bool full DEFAULT(false),
                      double eps DEFAULT(1e-06),
                   std::string reduction DEFAULT("mean")),
                  "The negative log-likelihood of target under normal distributions with means input and variances var.\n\n"
                  "(log(v) + (input - target) ** 2 / v) / 2 with v = max(var, eps); full adds log(2 pi) / 2. var broadcasts to "
                  "input, or lacks its last dim; a negative variance gives NaN.") {
  ensure(eps > 0, "gaussian_nll_loss: eps must be positive, but is ", eps);
  loss::check_same_shape(input, target, "gaussian_nll_loss");
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  Tensor v = cast(var, x.dtype());
  if (v.rank() + 1 == x.rank() && !broadcastable_to(v.shape(), x.shape())) v = unsqueeze(v, -1);
  ensure(broadcastable_to(v.shape(), x.shape()), "gaussian_nll_loss: var must broadcast to input, but var is ",
      to_string(var.shape()),
         " and input is ", to_string(input.shape()));
  // As in torch the limit does not stop the gradient of var.
  {
    const Tensor fixed = v.detach();
    v = v + (where(lt(fixed, 0.0), std::numeric_limits<double>::quiet_NaN(), clamp_min(fixed, eps)) - fixed);
  }
  Tensor values = (log(v) + square(x - t) / v) * 0.5;
  if (full) values = values + 0.9189385332046727;
  return loss::reduced(values, reduction, "gaussian_nll_loss");
}
DEEPSEEK_FACTS(gaussian_nll_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l)(0.5 * "
                            "(numpy.log(var) + (input - target) ** 2 / var) + (0.5 * numpy.log(2 * numpy.pi) if full else 0))",
               .good = {"randn(2, 3), randn(2, 3), rand(2, 3) + 0.5",
                        "randn(2, 3), randn(2, 3), rand(2, 1) + 0.5, True, 1e-6, 'sum'"},
               .bad = {"randn(2, 3), randn(3), rand(2, 3)", "randn(2, 3), randn(2, 3), rand(4)",
                        "randn(2), randn(2), rand(2), False, 0.0"});

}  // namespace deepseek
