// Losses between numbers: mse_loss, l1_loss, smooth_l1_loss, huber_loss.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/loss/reduction.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// d^2 / 2 up to delta, a line of slope delta beyond. Its slope is d limited to [-delta, delta].
struct Huber : Pointwise {
  static constexpr OpInfo info{.name = "huber", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T d, T delta) {
    const T a = std::fabs(d);
    const T line = delta * (a - T(0.5) * delta);
    return a <= delta ? T(0.5) * d * d : line;
  }
  void gradient(Grad& g) const { g.set(0, g.grad() * clamp(g.input(0), -g.input(1), g.input(1))); }
};

Tensor difference(const Tensor& input, const Tensor& target, const char* op) {
  loss::check_same_shape(input, target, op);
  Tensor x = input, y = target;
  loss::promote_floating(x, y);
  return x - y;
}

Tensor huber(const Tensor& d, double delta) { return apply(Huber{}, d, pointwise::scalar_like(d, delta)); }

}  // namespace

DEEPSEEK_FUNCTION(Tensor, mse_loss, (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean")),
                  "(input - target) ** 2, averaged, summed or as it is. Both have the same shape.") {
  return loss::reduced(square(difference(input, target, "mse_loss")), reduction, "mse_loss");
}
DEEPSEEK_FACTS(mse_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l)((input - "
                            "target) ** 2)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3), randn(2, 3), 'sum'", "randn(2, 3), randn(2, 3), 'none'",
                        "randn(), randn()"},
               .bad = {"randn(2, 3), randn(2)", "randn(2, 1), randn(2)", "randn(2), randn(2), 'average'"});

DEEPSEEK_FUNCTION(Tensor, l1_loss, (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean")),
                  "|input - target|, averaged, summed or as it is. Both have the same shape.") {
  return loss::reduced(abs(difference(input, target, "l1_loss")), reduction, "l1_loss");
}
DEEPSEEK_FACTS(l1_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(numpy.abs(input - target))",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3), randn(2, 3), 'sum'", "randn(2, 3), randn(2, 3), 'none'"},
               .bad = {"randn(2, 3), randn(2)", "randn(2), randn(2), 'average'"});

DEEPSEEK_FUNCTION(Tensor, huber_loss,
                  (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean"), double delta DEFAULT(1.0)),
                  "d ** 2 / 2 where d = |input - target| is at most delta, delta * (d - delta / 2) beyond; averaged, summed or "
                  "as it is.") {
  ensure(delta > 0, "huber_loss: delta must be positive, but is ", delta);
  return loss::reduced(huber(difference(input, target, "huber_loss"), delta), reduction, "huber_loss");
}
DEEPSEEK_FACTS(huber_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(scipy.special.huber(delta, input - target))",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3), randn(2, 3), 'sum', 0.3", "randn(2, 3), randn(2, 3), 'none'"},
               .bad = {"randn(2, 3), randn(2)", "randn(2), randn(2), 'mean', 0.0"});

DEEPSEEK_FUNCTION(Tensor, smooth_l1_loss,
                  (const Tensor& input, const Tensor& target, std::string reduction DEFAULT("mean"), double beta DEFAULT(1.0)),
                  "d ** 2 / (2 * beta) where d = |input - target| is below beta, d - beta / 2 beyond; averaged, summed or as "
                  "it is.") {
  ensure(beta >= 0, "smooth_l1_loss: beta must not be negative, but is ", beta);
  if (beta == 0) return l1_loss(input, target, reduction);
  return loss::reduced(huber(difference(input, target, "smooth_l1_loss"), beta) * (1 / beta), reduction, "smooth_l1_loss");
}
DEEPSEEK_FACTS(smooth_l1_loss, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else "
                            "l)(scipy.special.huber(beta, input - target) / beta)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(2, 3), randn(2, 3), 'sum', 0.3", "randn(2, 3), randn(2, 3), 'none'"},
               .bad = {"randn(2, 3), randn(2)", "randn(2), randn(2), 'mean', -1.0"});

}  // namespace deepseek
