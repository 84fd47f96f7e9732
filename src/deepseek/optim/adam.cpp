// Adam and AdamW.
#include <cmath>

#include "deepseek/backends/cpu/fused/joint.h"
#include "deepseek/ops.h"
#include "deepseek/ops/op.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {
namespace {

template <class O>
Options options_of(const O& o) {
  return {{"lr", o.lr},
          {"betas", pair_of(o.betas)},
          {"eps", o.eps},
          {"weight_decay", o.weight_decay},
          {"amsgrad", o.amsgrad},
          {"maximize", o.maximize}};
}

void check_adam(const ParamGroup& g, const std::string& name) {
  for (const char* option : {"lr", "eps", "weight_decay"}) check_at_least(g, name, option, 0);
  check_betas(g, name);
}

// The update in four lanes of several operands each: the parameters of a model are many, and every lane less is a pass over the
// block in cache less.
struct Update : Pointwise {
  static constexpr NotDifferentiable gradient{"it is an optimiser's update"};
  using Lanes = fused::Floating;
};
struct Mean : Update {  // start + weight * (end - start)
  static constexpr OpInfo info{.name = "adam_mean"};
  template <class T>
  static T lane(T start, T end, T weight) {
    return start + weight * (end - start);
  }
};
struct Square : Update {
  static constexpr OpInfo info{.name = "adam_square"};
  template <class T>
  static T lane(T square, T g, T kept, T added) {
    return square * kept + g * g * added;
  }
};
struct Ratio : Update {
  static constexpr OpInfo info{.name = "adam_ratio"};
  template <class T>
  static T lane(T m, T v, T scale, T eps) {
    return m / (std::sqrt(v) * scale + eps);  // one division: they are what an update costs beside its memory
  }
};
struct Descend : Update {
  static constexpr OpInfo info{.name = "adam_descend"};
  template <class T>
  static T lane(T p, T shrink, T ratio, T rate) {
    return p * shrink - ratio * rate;
  }
};

// The whole update in one loop: p, g, mean, square, then what is the same for all elements.
using AdamStep = fused::Joint<4 + 7, 0b11111110000,               //
                              fused::Part<Mean, true, 2, 1, 4>,        // 11: new mean
                              fused::Part<Square, true, 3, 1, 5, 6>,   // 12: new square
                              fused::Part<Ratio, false, 11, 12, 7, 8>,  // 13
                              fused::Part<Descend, true, 0, 9, 13, 10>>;
const fused::RegisterJoint<AdamStep> registered;

// `shrink` is what is left of the parameter before the step.
Tensor moved(const Tensor& p, double shrink, const Tensor& g, Tensor& mean, Tensor& square, Tensor* largest, double step,
             const Factors& f) {
  const auto [beta1, beta2] = f.group().pair("betas");
  const double correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(beta2, step);
  const Tensor m = apply(Mean{}, mean, g, f(1 - beta1));
  Tensor v = apply(Square{}, square, g, f(beta2), f(1 - beta2));
  mean.assign(m);
  square.assign(v);
  if (largest) {
    v = maximum(*largest, v);
    largest->assign(v);
  }
  const Tensor ratio = apply(Ratio{}, m, v, f(1 / std::sqrt(correction2)), f(f.number("eps")));
  return apply(Descend{}, p, f(shrink), ratio, f(f.number("lr") / correction1));
}

}  // namespace

Adam::Adam(std::vector<ParamGroup> groups, AdamOptions o) : Optimizer(std::move(groups), options_of(o)) { check_groups(); }
AdamW::AdamW(std::vector<ParamGroup> groups, AdamWOptions o) : Optimizer(std::move(groups), options_of(o)) { check_groups(); }
void Adam::check(const ParamGroup& g) const { check_adam(g, name()); }
void AdamW::check(const ParamGroup& g) const { check_adam(g, name()); }

Tensor Adam::update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) {
  Tensor* largest = f.group().flag("amsgrad") ? &slot(s, "max_exp_avg_sq", p) : nullptr;
  return moved(p, 1, decayed(g, p, f), slot(s, "exp_avg", p), slot(s, "exp_avg_sq", p), largest, s.step, f);
}

Tensor AdamW::update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) {
  Tensor* largest = f.group().flag("amsgrad") ? &slot(s, "max_exp_avg_sq", p) : nullptr;
  return moved(p, 1 - f.number("lr") * f.number("weight_decay"), g, slot(s, "exp_avg", p), slot(s, "exp_avg_sq", p), largest, s.step, f);
}

}  // namespace deepseek::optim
