#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/loss/class_loss.h"
#include "deepseek/ops/loss/class_pick.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, nll_loss,
                  (const Tensor& input, const Tensor& target, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   int64_t ignore_index DEFAULT(-100), std::string reduction DEFAULT("mean")),
                  "The negative log likelihood of the classes `target` (batch, ...) under log probabilities `input` (batch, "
                  "classes, ...).\n"
                  "`weight` (classes) scales each class; targets equal to `ignore_index` do not count; a scalar unless "
                  "`reduction` is 'none'.") {
  const Reduction how = parse_reduction("nll_loss", reduction);
  const auto [x, t, single] = class_arguments("nll_loss", autocast_full(input), target, weight);
  const Tensor k = target_weights(t, weight ? &*weight : nullptr, x.shape()[1], ignore_index, wide(x.dtype()));
  const Tensor loss = -(wide(apply(ClassPick{.ignore = ignore_index, .caller = "nll_loss"}, x, t)) * k);
  if (how == Reduction::none) return cast(single ? squeeze(loss, {0}) : loss, x.dtype());
  const Tensor total = sum_over(loss, {}, false);
  return cast(how == Reduction::sum ? total : total / sum_over(k, {}, false), x.dtype());
}
DEEPSEEK_FACTS(nll_loss, .in = {"functional"},
               .reference = "references.nll_loss(input, target, weight, ignore_index, reduction)",
               .good = {"randn(4, 3), ints(4, high=3)", "randn(3), ints(high=3)",
                        "randn(2, 3, 4), ints(2, 4, high=3), reduction='sum'",
                        "randn(4, 3), ints(4, high=3), rand(3), ignore_index=1",
                        "randn(4, 3), ints(4, high=3), reduction='none'"},
               .bad = {"randn(4, 3), ints(3, high=3)", "randn(4, 3), randn(4)", "randn(4, 3), ints(4, high=3), randn(2)",
                       "randn(4, 3), ints(4, high=3), reduction='max'", "randn(4, 3), ints(4, low=3, high=9)"});

}  // namespace deepseek
