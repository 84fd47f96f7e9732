// Cross entropy as row programs over the scores: no matrix of probabilities is written, in either direction.
#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/loss/class_loss.h"
#include "deepseek/ops/loss/class_pick.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

// Inside, what is per target is a column (n, 1, ...) beside the scores (n, classes, ...).
struct CrossEntropyBase : Composite {
  int64_t ignore = -100;
  double smoothing = 0;
  Reduction reduction = Reduction::mean;

 protected:
  struct Parts {
    Tensor x, target, counted;  // scores; classes; weight of each target, zero where ignored
    Tensor weight;              // of the classes, broadcasting; undefined without
    Tensor exponentials, total; // relative to the largest score
    Tensor largest;
    int64_t classes;
  };
  Parts parts(const Tensor& input, const Tensor& target, const Tensor* weight) const {
    const Tensor x = wide(input);
    const Tensor largest = reduce(fused::ReduceKind::max, x, {1}, true), e = exp(x - largest);
    const int64_t classes = x.shape()[1];
    return {x, as_column(target), as_column(target_weights(target, weight, classes, ignore, x.dtype())),
            weight ? class_column(cast(*weight, x.dtype()), x.rank()) : Tensor(), e, sum_over(e, {1}), largest, classes};
  }
  Tensor valid(const Parts& p) const { return cast(p.target != ignore, p.x.dtype()); }
};

// gradient of the loss, scores, target [, weight] -> gradient of the scores
struct CrossEntropyBackward : CrossEntropyBase {
  static constexpr OpInfo info{.name = "cross_entropy_backward"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs =
      std::tuple{&CrossEntropyBackward::ignore, &CrossEntropyBackward::smoothing, &CrossEntropyBackward::reduction};

  Spec infer(Specs in) const { return *in[1]; }
  void expand(const TensorList& in, TensorList& out) const {
    if (in[1].numel() == 0) return out.push_back(copy_of(in[1]));
    const Parts p = parts(in[1], in[2], in.size() > 3 ? &in[3] : nullptr);
    const Tensor up = scale(wide(in[0]), p), hit = p.counted * up * (1 - smoothing);
    Tensor g = p.exponentials / p.total * coefficient(up, p) - where(is_class(in[2], p.classes), hit, 0.0);
    if (smoothing > 0) {
      const Tensor spread = valid(p) * up * (smoothing / static_cast<double>(p.classes));
      g = g - (p.weight.defined() ? spread * p.weight : spread);
    }
    out.push_back(cast(g, in[1].dtype()));
  }
  void gradient(Grad& g) const {
    const Tensor u = g.grad(), x = g.input(1), target = g.input(2);
    if (g.needs(0)) {
      const Tensor unit = filled_like(g.input(0), 1);
      const Tensor slope = u * (g.inputs() > 3 ? apply(*this, unit, x, target, g.input(3)) : apply(*this, unit, x, target));
      g.set(0, reduction == Reduction::none ? sum_over(slope, {1}, false) : slope);
    }
    if (g.needs(1)) {
      const Tensor weight = g.inputs() > 3 ? g.input(3) : Tensor();
      const Parts p = parts(x, target, weight.defined() ? &weight : nullptr);
      const Tensor probability = p.exponentials / p.total;
      g.set(1, coefficient(scale(g.input(0), p), p) * probability * (u - sum_over(u * probability, {1})));
    }
  }

 private:
  // The gradient of each target's loss, as a column.
  Tensor scale(const Tensor& up, const Parts& p) const {
    if (reduction == Reduction::none) return as_column(up);
    return reduction == Reduction::sum ? up : up / sum_over(p.counted, {}, false);
  }
  // What the probabilities are multiplied with.
  Tensor coefficient(const Tensor& up, const Parts& p) const {
    const Tensor hit = p.counted * up * (1 - smoothing);
    if (smoothing == 0) return hit;
    const Tensor all = valid(p) * up * (smoothing / static_cast<double>(p.classes));
    return hit + (p.weight.defined() ? all * sum_over(p.weight, {}, false) : all * static_cast<double>(p.classes));
  }
};

// scores (n, classes, ...), target (n, ...) [, weight (classes)] -> loss
struct CrossEntropy : CrossEntropyBase {
  static constexpr OpInfo info{.name = "cross_entropy", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = std::tuple{&CrossEntropy::ignore, &CrossEntropy::smoothing, &CrossEntropy::reduction};

  Spec infer(Specs in) const { return {in[0]->dtype, reduction == Reduction::none ? in[1]->shape : Shape{}}; }
  void expand(const TensorList& in, TensorList& out) const {
    const DType dtype = in[0].dtype();
    if (in[0].numel() == 0) {
      const Shape shape = reduction == Reduction::none ? in[1].shape() : Shape{};
      return out.push_back(filled(shape, Tensor(scalar_value(reduction == Reduction::mean ?
                                                             std::numeric_limits<double>::quiet_NaN() : 0.0, dtype))));
    }
    const Parts p = parts(in[0], in[1], in.size() > 2 ? &in[2] : nullptr);
    const Tensor log_total = p.largest + log(p.total), picked = as_column(wide(apply(ClassPick{.ignore = ignore}, in[0],
                                                                                     in[1])));
    Tensor loss = where(p.target == ignore, 0.0, log_total - picked) * p.counted;
    if (smoothing > 0) {
      const Tensor each = log_total - p.x;
      const Tensor all = sum_over(p.weight.defined() ? each * p.weight : each, {1});
      loss = loss * (1 - smoothing) + where(p.target == ignore, 0.0, all) * (smoothing / static_cast<double>(p.classes));
    }
    if (reduction == Reduction::none) return out.push_back(cast(reshape(loss, in[1].shape()), dtype));
    const Tensor total = sum_over(loss, {}, false);
    out.push_back(cast(reduction == Reduction::sum ? total : total / sum_over(p.counted, {}, false), dtype));
  }
  void gradient(Grad& g) const {
    if (!g.needs(0)) return;
    CrossEntropyBackward back;
    static_cast<CrossEntropyBase&>(back) = *this;
    g.set(0, g.inputs() > 2 ? apply(back, g.grad(), g.input(0), g.input(1), g.input(2)) :
          apply(back, g.grad(), g.input(0), g.input(1)));
  }
};

// With weights that are learnt themselves: the same in steps that know the gradient of the weights.
Tensor composed(const CrossEntropyBase& op, const Tensor& input, const Tensor& target, const Tensor& weight) {
  const Tensor logs = wide(log_softmax(input, 1));
  const int64_t classes = logs.shape()[1];
  const Tensor counted = target_weights(target, &weight, classes, op.ignore, logs.dtype());
  Tensor loss = -(apply(ClassPick{.ignore = op.ignore}, logs, target) * counted);
  if (op.smoothing > 0) {
    const Tensor all = -sum_over(logs * class_column(cast(weight, logs.dtype()), logs.rank()), {1}, false);
    loss = loss * (1 - op.smoothing) + where(target == op.ignore, 0.0, all) * (op.smoothing / static_cast<double>(classes));
  }
  if (op.reduction == Reduction::none) return cast(loss, input.dtype());
  const Tensor total = sum_over(loss, {}, false);
  return cast(op.reduction == Reduction::sum ? total : total / sum_over(counted, {}, false), input.dtype());
}

// Targets that are probabilities: any differentiable distribution over the classes.
Tensor soft_cross_entropy(const Tensor& input, const Tensor& target, const std::optional<Tensor>& weight, Reduction how,
                          double smoothing) {
  const int dim = input.rank() == 1 ? 0 : 1;
  const auto classes = static_cast<double>(input.shape()[dim]);
  Tensor share = cast(target, input.dtype());
  if (smoothing > 0) share = share * (1 - smoothing) + smoothing / classes;
  if (weight) share = share * (dim == 0 ? cast(*weight, input.dtype()) : class_column(cast(*weight, input.dtype()),
                                                                                      input.rank()));
  const Tensor loss = -sum_over(wide(log_softmax(input, dim) * share), {dim}, false);
  if (how == Reduction::none) return cast(loss, input.dtype());
  const Tensor total = sum_over(loss, {}, false);
  return cast(how == Reduction::sum ? total : total / static_cast<double>(loss.numel()), input.dtype());
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, cross_entropy,
                  (const Tensor& input, const Tensor& target, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   int64_t ignore_index DEFAULT(-100), std::string reduction DEFAULT("mean"),
                   double label_smoothing DEFAULT(0.0)),
                  "The cross entropy between scores `input` (batch, classes, ...) and `target`: class numbers (batch, ...) or "
                  "probabilities of "
                  "the input's shape.\n`weight` (classes) scales each class; class numbers equal to `ignore_index` do not "
                  "count; "
                  "`label_smoothing` moves that share to all classes. A scalar unless `reduction` is 'none', then (batch, "
                  "...).") {
  const Reduction how = parse_reduction("cross_entropy", reduction);
  ensure(label_smoothing >= 0 && label_smoothing <= 1, "cross_entropy: label_smoothing must be in [0, 1], but it is ",
         label_smoothing);
  if (is_floating_point(target.dtype()) && is_floating_point(input.dtype()) && input.rank() > 0 &&
      target.shape() == input.shape()) {
    const int64_t classes = input.shape()[input.rank() == 1 ? 0 : 1];
    ensure(!weight || (weight->rank() == 1 && weight->shape()[0] == classes),
           "cross_entropy: weight must have one number for each of the ", classes, " classes, but it is ", weight ?
           to_string(weight->shape()) : "");
    return soft_cross_entropy(autocast_full(input), target, weight, how, label_smoothing);
  }
  const auto [x, t, single] = class_arguments("cross_entropy", input, target, weight);
  CrossEntropy op;
  op.ignore = ignore_index, op.smoothing = label_smoothing, op.reduction = how;
  const Tensor loss = weight && weight->requires_grad() ? composed(op, autocast_full(x), t, *weight) : weight ? apply(op, x, t, *weight) :
      apply(op, x, t);
  return single && how == Reduction::none ? squeeze(loss, {0}) : loss;
}
DEEPSEEK_FACTS(cross_entropy, .in = {"functional"},
               .reference = "references.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)",
               .good = {"randn(4, 3), ints(4, high=3)", "randn(3), ints(high=3)",
                        "randn(2, 3, 4), ints(2, 4, high=3), reduction='sum'",
                        "randn(4, 3), ints(4, high=3), rand(3), ignore_index=1, label_smoothing=0.1",
                        "randn(4, 3), ints(4, high=3), reduction='none'", "randn(4, 3), rand(4, 3), label_smoothing=0.2",
                        "randn(2, 3, 4), rand(2, 3, 4), rand(3)"},
               .bad = {"randn(4, 3), ints(3, high=3)", "randn(4, 3), randn(4)", "randn(4, 3), ints(4, high=3), randn(2)",
                       "randn(4, 3), ints(4, high=3), reduction='max'", "randn(4, 3), ints(4, high=3), label_smoothing=2.0",
                       "ints(4, 3), ints(4)", "randn(4, 3), ints(4, low=3, high=9)"});

}  // namespace deepseek
