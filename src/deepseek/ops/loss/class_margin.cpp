// Losses that want the score of the right classes to stand out from the others by a margin.
#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/loss/reduction.h"

namespace deepseek {
namespace {

// Scores as (items, classes); one item may come without the first dim.
Tensor scores(std::string_view op, const Tensor& input) {
  ensure((input.rank() == 1 || input.rank() == 2) && input.size(-1) > 0, op,
         ": input must be (items, classes) or (classes), but is ", to_string(input.shape()));
  if (!is_floating_point(input.dtype()))
    raise_type(op, ": input must be floating point, but it is ", name_of(input.dtype()));
  const Tensor x = autocast_full(input);
  return x.rank() == 1 ? unsqueeze(x, 0) : x;
}

Tensor per_item(const Tensor& losses, const Tensor& input, const std::string& reduction, std::string_view op) {
  return loss::reduced(reduction == "none" && input.rank() == 1 ? reshape(losses, {}) : losses, reduction, op);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, multi_margin_loss,
    (const Tensor& input, const Tensor& target, int64_t p DEFAULT(1), double margin DEFAULT(1.0),
     std::optional<Tensor> weight DEFAULT(std::nullopt), std::string reduction DEFAULT("mean")),
    "The sum over all classes i but the target y of max(0, margin - input[y] + input[i]) ** p, times weight[y], "
    "divided by "
    "the number of classes; averaged, summed or as it is. `input` is (items, classes) or (classes), `p` 1 or 2.") {
  constexpr std::string_view op = "multi_margin_loss";
  const Tensor x = scores(op, input);
  const int64_t items = x.size(0), classes = x.size(1);
  ensure(p == 1 || p == 2, op, ": p must be 1 or 2, but is ", p);
  ensure(target.numel() == items && target.rank() <= 1, op, ": target must be (", items, "), but is ",
         to_string(target.shape()));
  ensure(!weight || weight->shape() == Shape{classes}, op, ": weight must be (", classes, "), but is ",
         weight ? to_string(weight->shape()) : "");
  const Tensor y = reshape(index_tensor(target, op, "target"), {items, 1});
  Tensor over = relu(gather(x, 1, y) * -1.0 + margin + x);
  if (p == 2) over = over * over;
  if (weight) over = over * reshape(index_select(*weight, 0, reshape(y, {items})), {items, 1});
  over = where(iota({1, classes}, {0, 1}) == y, filled_like(over, 0), over);
  return per_item(sum(over, Dims{1}) / static_cast<double>(classes), input, reduction, op);
}
DEEPSEEK_FACTS(multi_margin_loss, .in = {"functional"},
               .reference = "references.multi_margin_loss(input, target, p, margin, weight, reduction)",
               .good = {"randn(4, 3), ints(4, high=3)", "randn(4, 3), ints(4, high=3), 2, 0.5, rand(3), 'none'",
                        "randn(3), ints(high=3), reduction='none'"},
               .bad = {"randn(4, 3), ints(3, high=3)", "randn(4, 3), ints(4, high=3), 3",
                       "randn(4, 3), ints(4, low=3, high=5)", "randn(4, 3), ints(4, high=3), 1, 1.0, rand(4)",
                       "randn(4, 3), ints(4, high=3), reduction='average'"});

DEEPSEEK_FUNCTION(
    Tensor, multilabel_margin_loss, (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean")),
    "The sum of max(0, 1 - input[y] + input[i]) over the target classes y, those in front of the first -1 of `target`, "
    "and "
    "all other classes i, divided by the number of classes; averaged, summed or as it is. Both are (items, classes) or "
    "(classes).") {
  constexpr std::string_view op = "multilabel_margin_loss";
  const Tensor x = scores(op, input);
  loss::check_same_shape(input, target, op);
  const int64_t items = x.size(0), classes = x.size(1);
  const Tensor given = reshape(index_tensor(target, op, "target"), {items, classes});
  const Tensor counts = cumprod(cast(given >= 0, DType::int64), 1) == 1;
  const Tensor y = where(counts, given, filled_like(given, 0));
  const Tensor right = reshape(counts, {items, classes, 1});
  const Tensor is_target =
      any(right & (reshape(y, {items, classes, 1}) == iota({1, 1, classes}, {0, 0, 1})), Dims{1}, true);
  const Tensor over =
      relu(reshape(gather(x, 1, y), {items, classes, 1}) * -1.0 + 1.0 + reshape(x, {items, 1, classes}));
  const Tensor counted = where(right & ~is_target, over, filled_like(over, 0));
  return per_item(sum(counted, Dims{1, 2}) / static_cast<double>(classes), input, reduction, op);
}
DEEPSEEK_FACTS(multilabel_margin_loss, .in = {"functional"},
               .reference = "references.multilabel_margin_loss(input, target, reduction)",
               .good = {"randn(2, 4), numpy.array([[3, 0, -1, 1], [-1, 2, 2, 2]])",
                        "randn(4), numpy.array([0, 1, 2, 3]), 'none'",
                        "randn(2, 3), numpy.array([[1, -1, 0], [0, 1, 2]]), 'sum'"},
               .bad = {"randn(2, 4), ints(2, 3)", "randn(2, 4), numpy.array([[4, 0, -1, 1], [-1, 2, 2, 2]])"});

DEEPSEEK_FUNCTION(
    Tensor, multilabel_soft_margin_loss,
    (const Tensor& input, const Tensor& target, std::optional<Tensor> weight DEFAULT(std::nullopt),
     std::string reduction DEFAULT("mean")),
    "The binary cross entropy of the scores `input` (..., classes) against `target`, times `weight`, averaged over the "
    "classes; then averaged, summed or as it is.") {
  constexpr std::string_view op = "multilabel_soft_margin_loss";
  loss::check_same_shape(input, target, op);
  ensure(input.rank() >= 1, op, ": input must have at least one dim");
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  Tensor losses = -(t * logsigmoid(x) + (1.0 - t) * logsigmoid(-x));
  if (weight) losses = losses * *weight;
  return loss::reduced(mean(losses, Dims{losses.rank() - 1}), reduction, op);
}
DEEPSEEK_FACTS(multilabel_soft_margin_loss, .in = {"functional"},
               .reference =
                   "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l)(((target * "
                   "numpy.logaddexp(0, -input) + (1 - target) * numpy.logaddexp(0, input)) * (1 if weight is None else "
                   "weight)).mean(-1))",
               .good = {"randn(2, 3), rand(2, 3)", "randn(4, 3), rand(4, 3), rand(3), 'none'",
                        "randn(3) * 50, rand(3), reduction='sum'"},
               .bad = {"randn(2, 3), rand(3)", "randn(2, 3), rand(2, 3), rand(2)"});

}  // namespace deepseek
