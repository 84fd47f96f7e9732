// Losses with a margin, and the similarities they rest on.
#include <cmath>
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/loss/reduction.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, cosine_similarity,
                  (const Tensor& x1, const Tensor& x2, int64_t dim DEFAULT(1), double eps DEFAULT(1e-08)),
                  "The cosine of the angle between x1 and x2 along dim: x1.x2 / (max(|x1|, eps) * max(|x2|, eps)). Shapes "
                  "broadcast.") {
  Tensor a = x1, b = x2;
  loss::promote_floating(a, b);
  const Shape shape = broadcast(a.shape(), b.shape(), "cosine_similarity");
  const Dims along{wrap_dim(dim, shape.size(), "cosine_similarity") - shape.size()};
  // Length 1 where an operand lacks the dim and broadcasts along it.
  if (a.shape() != shape) a = expand(a, shape);
  if (b.shape() != shape) b = expand(b, shape);
  const auto inverse_length = [&](const Tensor& t) { return rsqrt(clamp_min(sum(square(t), along), eps * eps)); };
  return sum(a * b, along) * (inverse_length(a) * inverse_length(b));
}
DEEPSEEK_FACTS(cosine_similarity, .in = {"functional"},
               .reference = "(x1 * x2).sum(dim) / (numpy.maximum(numpy.sqrt((x1 ** 2 + 0 * x2).sum(dim)), eps) * "
                            "numpy.maximum(numpy.sqrt((x2 ** 2 + 0 * x1).sum(dim)), eps))",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3, 4), randn(3, 4), dim=-1", "randn(5), randn(5), dim=0"},
               .bad = {"randn(2, 3), randn(2, 4)", "randn(2, 3), randn(2, 3), dim=2"});

DEEPSEEK_FUNCTION(Tensor, pairwise_distance,
                  (const Tensor& x1, const Tensor& x2, double p DEFAULT(2.0), double eps DEFAULT(1e-06),
                      bool keepdim DEFAULT(false)),
                  "The p-norm of x1 - x2 + eps along the last dim. Shapes broadcast.") {
  ensure(p >= 0, "pairwise_distance: p must not be negative, but is ", p);
  Tensor a = x1, b = x2;
  loss::promote_floating(a, b);
  broadcast(a.shape(), b.shape(), "pairwise_distance");
  const Tensor d = a - b + eps;
  ensure(d.rank() > 0, "pairwise_distance: x1 and x2 must have at least one dim");
  const Dims last{d.rank() - 1};
  if (p == 2) return sqrt(sum(square(d), last, keepdim));
  if (p == 1) return sum(abs(d), last, keepdim);
  if (p == std::numeric_limits<double>::infinity()) return amax(abs(d), last, keepdim);
  if (p == 0) return sum(cast(ne(d, 0.0), d.dtype()), last, keepdim);
  return pow(sum(pow(abs(d), p), last, keepdim), 1 / p);
}
DEEPSEEK_FACTS(pairwise_distance, .in = {"functional"},
               .reference = "numpy.linalg.norm(x1 - x2 + eps, ord=p, axis=-1, keepdims=keepdim)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 3), randn(3), 1.0", "randn(2, 3), randn(2, 3), 3.0, 1e-6, True"},
               .bad = {"randn(2, 3), randn(2, 4)", "randn(2, 3), randn(2, 3), -1.0"});

DEEPSEEK_FUNCTION(Tensor, hinge_embedding_loss,
                  (const Tensor& input, const Tensor& target, double margin DEFAULT(1.0),
                      std::string reduction DEFAULT("mean")),
                  "input where target is 1, max(0, margin - input) where it is -1; averaged, summed or as it is.") {
  loss::check_same_shape(input, target, "hinge_embedding_loss");
  const Tensor x = autocast_full(to_floating(input));
  const Tensor pulled = where(ne(target, 1), relu(margin - x), 0.0);
  const Tensor pushed = where(ne(target, -1), x, 0.0);
  return loss::reduced(pulled + pushed, reduction, "hinge_embedding_loss");
}
DEEPSEEK_FACTS(hinge_embedding_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.where(target == 1, input, numpy.maximum(0, margin - input)))",
               .good = {"randn(2, 3), ints(2, 3, low=0, high=2) * 2 - 1",
                        "randn(3), ints(3, low=0, high=2) * 2 - 1, 0.5, 'none'"},
               .bad = {"randn(2, 3), ints(2)", "randn(2), ints(2), 1.0, 'average'"});

DEEPSEEK_FUNCTION(Tensor, margin_ranking_loss,
                  (const Tensor& input1, const Tensor& input2, const Tensor& target, double margin DEFAULT(0.0),
                   std::string reduction DEFAULT("mean")),
                  "max(0, -target * (input1 - input2) + margin): target 1 wants input1 larger, -1 input2; averaged, summed or "
                  "as it is.") {
  loss::check_same_shape(input1, input2, "margin_ranking_loss", "input2");
  loss::check_same_shape(input1, target, "margin_ranking_loss");
  return loss::reduced(relu(margin - target * (autocast_full(input1) - autocast_full(input2))), reduction, "margin_ranking_loss");
}
DEEPSEEK_FACTS(margin_ranking_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.maximum(0, -target * (input1 - input2) + margin))",
               .good = {"randn(4), randn(4), ints(4, low=0, high=2) * 2 - 1",
                        "randn(4), randn(4), ints(4, low=0, high=2) * 2 - 1, 0.5, 'sum'"},
               .bad = {"randn(4), randn(3), ints(4)", "randn(4), randn(4), ints(4), 0.0, 'average'"});

DEEPSEEK_FUNCTION(Tensor, soft_margin_loss, (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean")),
                  "log(1 + exp(-target * input)) for targets 1 and -1; averaged, summed or as it is.") {
  loss::check_same_shape(input, target, "soft_margin_loss");
  return loss::reduced(-logsigmoid(to_floating(target * autocast_full(input))), reduction, "soft_margin_loss");
}
DEEPSEEK_FACTS(soft_margin_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.logaddexp(0, -target * input))",
               .good = {"randn(2, 3), ints(2, 3, low=0, high=2) * 2 - 1",
                        "randn(3) * 30, ints(3, low=0, high=2) * 2 - 1, 'none'"},
               .bad = {"randn(2, 3), ints(3)", "randn(2), ints(2), 'average'"});

DEEPSEEK_FUNCTION(Tensor, cosine_embedding_loss,
                  (const Tensor& input1, const Tensor& input2, const Tensor& target, double margin DEFAULT(0.0),
                   std::string reduction DEFAULT("mean")),
                  "1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1; averaged, summed or as it "
                  "is.\n\n"
                  "Inputs are (N, D) with target (N,), or (D,) with a target without dims.") {
  loss::check_same_shape(input1, input2, "cosine_embedding_loss", "input2");
  ensure(input1.rank() == 1 || input1.rank() == 2, "cosine_embedding_loss: inputs must be (N, D) or (D,), but are ",
      to_string(input1.shape()));
  const Tensor cosine = cosine_similarity(input1, input2, -1);
  ensure(target.shape() == cosine.shape(), "cosine_embedding_loss: target must be ", to_string(cosine.shape()), ", but is ",
         to_string(target.shape()));
  return loss::reduced(where(eq(target, 1), 1.0 - cosine, relu(cosine - margin)), reduction, "cosine_embedding_loss");
}
DEEPSEEK_FACTS(cosine_embedding_loss, .in = {"functional"},
               .reference = "(lambda c: (lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.where(target == 1, 1 - c, numpy.maximum(0, c - margin))))((input1 * input2).sum(-1) / "
                            "(numpy.linalg.norm(input1, axis=-1) * numpy.linalg.norm(input2, axis=-1)))",
               .good = {"randn(4, 3), randn(4, 3), ints(4, low=0, high=2) * 2 - 1"},
               .bad = {"randn(4, 3), randn(4, 3), ints(3)", "randn(4, 3), randn(4, 2), ints(4)"});

DEEPSEEK_FUNCTION(Tensor, triplet_margin_loss,
                  (const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin DEFAULT(1.0),
                      double p DEFAULT(2.0),
                   double eps DEFAULT(1e-06), bool swap DEFAULT(false), std::string reduction DEFAULT("mean")),
                  "max(0, d(anchor, positive) - d(anchor, negative) + margin) with the p-norm along the last dim; averaged, "
                  "summed or as it is.\n\nswap uses the smaller of the distances from negative to anchor and to positive.") {
  ensure(margin > 0, "triplet_margin_loss: margin must be positive, but is ", margin);
  for (const Tensor* other : {&positive, &negative}) broadcast(anchor.shape(), other->shape(), "triplet_margin_loss");
  const Tensor near = pairwise_distance(anchor, positive, p, eps, false);
  Tensor far = pairwise_distance(anchor, negative, p, eps, false);
  if (swap) far = minimum(far, pairwise_distance(positive, negative, p, eps, false));
  return loss::reduced(relu(near - far + margin), reduction, "triplet_margin_loss");
}
DEEPSEEK_FACTS(triplet_margin_loss, .in = {"functional"},
               .reference = "(lambda d: (lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.maximum(0, d(anchor, positive) - (numpy.minimum(d(anchor, negative), d(positive, "
                            "negative)) if swap else d(anchor, negative)) + margin)))(lambda a, b: numpy.linalg.norm(a - b + "
                            "eps, ord=p, axis=-1))",
               .good = {"randn(4, 3), randn(4, 3), randn(4, 3)",
                        "randn(4, 3), randn(4, 3), randn(4, 3), 0.5, 2.0, 1e-6, True, 'sum'"},
               .bad = {"randn(4, 3), randn(4, 2), randn(4, 3)", "randn(4, 3), randn(4, 3), randn(4, 3), reduction='average'"});

}  // namespace deepseek
