#include <limits>

#include "deepseek/backends/cpu/ctc/ctc.h"
#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/loss/reduction.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

struct CtcBackward : KernelOp {
  static constexpr OpInfo info{.name = "ctc_loss_backward"};
  int64_t blank = 0, longest = 0;
  static constexpr auto attrs = std::tuple{&CtcBackward::blank, &CtcBackward::longest};
  Spec infer(Specs in) const { return *in[0]; }
  KernelFn prepare(KernelContext& context) const { return ctc::make_backward({blank, longest}, context); }
  static constexpr NotDifferentiable gradient{"ctc_loss has a first derivative only"};
};

struct Ctc : KernelOp {
  static constexpr OpInfo info{.name = "ctc_loss", .amp = Amp::full};
  int64_t blank = 0, longest = 0;
  static constexpr auto attrs = std::tuple{&Ctc::blank, &Ctc::longest};
  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape& x = in[0]->shape;
    out = {{in[0]->dtype, {x[1]}}, {in[0]->dtype, {x[1], x[0], 2 * longest + 1}}};
  }
  KernelFn prepare(KernelContext& context) const { return ctc::make_forward({blank, longest}, context); }
  // As torch's, it takes for granted that the probabilities of a step add up to 1.
  void gradient(Grad& g) const {
    const CtcBackward back{.blank = blank, .longest = longest};
    g.set(0, apply_list(back, {g.input(0), g.input(1), g.input(2), g.input(3), g.output(0), g.output(1), g.grad(0)}));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, ctc_loss,
    (const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths,
     int64_t blank DEFAULT(0), std::string reduction DEFAULT("mean"), bool zero_infinity DEFAULT(false)),
    "Connectionist temporal classification (Graves et al., 2006): minus the logarithm of the probability that the "
    "steps of "
    "`log_probs` (steps, items, classes), or (steps, classes), spell `targets`, which are rows (items, longest) or "
    "joined to "
    "one vector.\n\n"
    "`log_probs` must come from log_softmax: the gradient takes it for granted. 'mean' divides each loss by the length "
    "of its "
    "target first; `zero_infinity` sets losses of targets too long for their inputs to zero, with their gradients.") {
  constexpr std::string_view op = "ctc_loss";
  loss::check_reduction(reduction, op);
  const bool single = log_probs.rank() == 2;
  ensure(single || log_probs.rank() == 3, op,
         ": log_probs must be (steps, items, classes) or (steps, classes), but is ", to_string(log_probs.shape()));
  if (!is_floating_point(log_probs.dtype()))
    raise_type(op, ": log_probs must be floating point, but is ", name_of(log_probs.dtype()));
  const Tensor x = wide(autocast_full(single ? unsqueeze(log_probs, 1) : log_probs));
  const int64_t items = x.size(1);
  ensure(blank >= 0 && blank < x.size(2), op, ": blank must lie in [0, ", x.size(2), "), but is ", blank);
  const Tensor labels = index_tensor(targets, op, "targets");
  ensure(labels.rank() == 1 || (labels.rank() == 2 && labels.size(0) == items && !single), op, ": targets must be (",
         items, ", longest) or one vector, but are ", to_string(targets.shape()));
  const auto lengths = [&](const Tensor& t, std::string_view name) {
    const Tensor found = index_tensor(t, op, name);
    ensure(found.numel() == items && found.rank() <= 1, op, ": ", name, " must be (", items, "), but is ",
           to_string(t.shape()));
    return reshape(found, {items});
  };
  const Tensor steps = lengths(input_lengths, "input_lengths"), sizes = lengths(target_lengths, "target_lengths");
  const Ctc ctc{.blank = blank, .longest = labels.size(-1)};
  Tensor out = apply_list(ctc, {x, labels, steps, sizes});
  if (zero_infinity)
    out = where(out == filled_like(out, std::numeric_limits<double>::infinity()), filled_like(out, 0), out);
  if (reduction == "mean") out = out / cast(clamp_min(sizes, 1), out.dtype());
  out = reduction == "none" && single ? reshape(out, {}) : loss::reduced(out, reduction, op);
  return autocast_on() ? out : cast(out, log_probs.dtype());
}
DEEPSEEK_FACTS(
    ctc_loss, .in = {"functional"},
    .reference =
        "references.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)",
    .good = {"-rand(5, 2, 4), ints(2, 3, low=1, high=4), numpy.array([5, 4]), numpy.array([2, 1])",
             "-rand(6, 3, 3), ints(5, low=0, high=2), numpy.array([6, 6, 0]), numpy.array([3, 2, 0]), 2, 'none'",
             "-rand(4, 3), numpy.array([1, 1]), numpy.array([4]), numpy.array([2]), 0, 'sum'",
             "-rand(2, 1, 3), numpy.array([[1, 1]]), numpy.array([2]), numpy.array([2]), 0, 'mean', True"},
    .bad = {"-rand(5, 2, 4), ints(2, 3, low=1, high=4), numpy.array([6, 4]), numpy.array([2, 1])",
            "-rand(5, 2, 4), ints(2, 3, low=1, high=4), numpy.array([5, 4]), numpy.array([2, 4])",
            "-rand(5, 2, 4), ints(2, 3, low=4, high=6), numpy.array([5, 4]), numpy.array([2, 1])",
            "-rand(5, 2, 4), ints(2, 3, low=1, high=4), numpy.array([5]), numpy.array([2, 1])",
            "-rand(5, 2, 4), ints(2, 3, low=1, high=4), numpy.array([5, 4]), numpy.array([2, 1]), 4"},
    .check_grad = false);

}  // namespace deepseek
