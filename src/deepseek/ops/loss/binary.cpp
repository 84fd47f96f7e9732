// binary_cross_entropy, of probabilities and of logits.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/loss/reduction.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// Logarithms are limited to -100, so that one certain mistake costs much but not everything.
template <class T>
DEEPSEEK_INLINE T limited_log(T x) {
  const T l = fused::log(x);
  return l < T(-100) ? T(-100) : l;
}

struct BceBackward : Pointwise {
  static constexpr OpInfo info{.name = "binary_cross_entropy_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T t) {
    const T d = x * (T{1} - x);
    return g * (x - t) / (d < T(1e-12) ? T(1e-12) : d);
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(1), t = g.input(2);
    g.set(0, apply(BceBackward{}, g.grad(), x, t));
    if (!g.needs(1) && !g.needs(2)) return;
    const Tensor both = g.grad() * g.input(0);
    if (g.needs(1)) g.set(1, both * (t / square(x) + (1.0 - t) / square(1.0 - x)));
    if (g.needs(2)) g.set(2, -(both / (x * (1.0 - x))));
  }
};

struct Bce : Pointwise {
  static constexpr OpInfo info{.name = "binary_cross_entropy", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T t) {
    return (t - T{1}) * limited_log(T{1} - x) - t * limited_log(x);
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(0), t = g.input(1);
    if (g.needs(0)) g.set(0, apply(BceBackward{}, g.grad(), x, t));
    if (g.needs(1)) g.set(1, g.grad() * (clamp_min(log1p(-x), -100.0) - clamp_min(log(x), -100.0)));
  }
};

// (1 - t) softplus(x) + p t softplus(-x): both parts are exact in their tails.
struct LogitsBackward : Pointwise {
  static constexpr OpInfo info{.name = "binary_cross_entropy_with_logits_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T t, T p) {
    return g * ((T{1} - t) * fused::sigmoid(x) - p * t * fused::sigmoid(-x));
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(1), t = g.input(2), p = g.input(3);
    g.set(0, apply(LogitsBackward{}, g.grad(), x, t, p));
    if (!g.needs(1) && !g.needs(2) && !g.needs(3)) return;
    const Tensor both = g.grad() * g.input(0), rise = sigmoid(x), fall = sigmoid(-x);
    if (g.needs(1)) g.set(1, both * (rise * fall * ((1.0 - t) + p * t)));
    if (g.needs(2)) g.set(2, -(both * (rise + p * fall)));
    if (g.needs(3)) g.set(3, -(both * t * fall));
  }
};

struct Logits : Pointwise {
  static constexpr OpInfo info{.name = "binary_cross_entropy_with_logits", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x, T t, T p) {
    const T tail = fused::log1p(fused::exp(-std::fabs(x)));
    const T above = x > T{0} ? x : T{0}, below = x > T{0} ? T{0} : -x;
    return (T{1} - t) * (above + tail) + p * t * (below + tail);
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(0), t = g.input(1), p = g.input(2);
    if (g.needs(0)) g.set(0, apply(LogitsBackward{}, g.grad(), x, t, p));
    if (g.needs(1)) g.set(1, g.grad() * (logsigmoid(-x) - p * logsigmoid(x)));
    if (g.needs(2)) g.set(2, -(g.grad() * t * logsigmoid(x)));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, binary_cross_entropy,
                  (const Tensor& input, const Tensor& target, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::string reduction DEFAULT("mean")),
                  "-(target * log(input) + (1 - target) * log(1 - input)) of probabilities input, times weight.\n\n"
                  "Logarithms are limited to -100; probabilities outside [0, 1] give NaN. weight broadcasts to input.") {
  loss::check_same_shape(input, target, "binary_cross_entropy");
  loss::check_reduction(reduction, "binary_cross_entropy");
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  Tensor values = apply(Bce{}, x, t);
  if (weight) values = values * *weight;
  return loss::reduced(values, reduction, "binary_cross_entropy");
}
DEEPSEEK_FACTS(binary_cross_entropy, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l)((1 if "
                            "weight is None else weight) * -(target * numpy.log(input) + (1 - target) * numpy.log1p(-input)))",
               .good = {"rand(2, 3) * 0.8 + 0.1, rand(2, 3)", "rand(2, 3) * 0.8 + 0.1, rand(2, 3), rand(3), 'sum'",
                        "rand(3) * 0.8 + 0.1, rand(3), None, 'none'"},
               .bad = {"rand(2, 3), rand(3)", "rand(3), rand(3), None, 'average'"});

DEEPSEEK_FUNCTION(Tensor, binary_cross_entropy_with_logits,
                  (const Tensor& input, const Tensor& target, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::string reduction DEFAULT("mean"), std::optional<Tensor> pos_weight DEFAULT(std::nullopt)),
                  "binary_cross_entropy of sigmoid(input), without overflow.\n\n"
                  "weight multiplies each loss, pos_weight the part of the positive targets; both broadcast to input.") {
  loss::check_same_shape(input, target, "binary_cross_entropy_with_logits");
  loss::check_reduction(reduction, "binary_cross_entropy_with_logits");
  Tensor x = input, t = target;
  loss::promote_floating(x, t);
  Tensor p = pos_weight ? cast(*pos_weight, x.dtype()) : pointwise::scalar_like(x, 1);
  ensure(broadcastable_to(p.shape(), x.shape()), "binary_cross_entropy_with_logits: pos_weight must broadcast to input, but "
      "pos_weight is ",
         to_string(p.shape()), " and input is ", to_string(x.shape()));
  Tensor values = apply(Logits{}, x, t, p);
  if (weight) values = values * *weight;
  return loss::reduced(values, reduction, "binary_cross_entropy_with_logits");
}
DEEPSEEK_FACTS(binary_cross_entropy_with_logits, .in = {"functional"},
               .reference = "(lambda l: l.mean() if reduction == 'mean' else l.sum() if reduction == 'sum' else l)((1 if "
                            "weight is None else weight) * ((1 - target) * numpy.logaddexp(0, input) + (1 if pos_weight is "
                            "None else pos_weight) * target * numpy.logaddexp(0, -input)))",
               .good = {"randn(2, 3), rand(2, 3)", "randn(2, 3), rand(2, 3), rand(3), 'sum'",
                        "randn(2, 3) * 40, rand(2, 3), None, 'none'",
                        "randn(2, 3), rand(2, 3), None, 'mean', rand(3)"},
               .bad = {"randn(2, 3), rand(3)", "randn(3), rand(3), None, 'average'",
                        "randn(3), rand(3), None, 'mean', rand(2)"});

}  // namespace deepseek
