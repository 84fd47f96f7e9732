// Adam and AdamW.
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
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

Tensor moved(const Tensor& p, const Tensor& g, Tensor& mean, Tensor& square, Tensor* largest, double step, const Factors& f) {
  const auto [beta1, beta2] = f.group().pair("betas");
  const double correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(beta2, step);
  const Tensor m = lerp_to(mean, g, 1 - beta1, f);
  Tensor v = square * f(beta2) + g * g * f(1 - beta2);
  mean.assign(m);
  square.assign(v);
  if (largest) {
    v = maximum(*largest, v);
    largest->assign(v);
  }
  const Tensor denominator = sqrt(v) / f(std::sqrt(correction2)) + f(f.number("eps"));
  return p - m / denominator * f(f.number("lr") / correction1);
}

}  // namespace

Adam::Adam(std::vector<ParamGroup> groups, AdamOptions o) : Optimizer(std::move(groups), options_of(o)) { check_groups(); }
AdamW::AdamW(std::vector<ParamGroup> groups, AdamWOptions o) : Optimizer(std::move(groups), options_of(o)) { check_groups(); }
void Adam::check(const ParamGroup& g) const { check_adam(g, name()); }
void AdamW::check(const ParamGroup& g) const { check_adam(g, name()); }

Tensor Adam::update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) {
  Tensor* largest = f.group().flag("amsgrad") ? &slot(s, "max_exp_avg_sq", p) : nullptr;
  return moved(p, decayed(g, p, f), slot(s, "exp_avg", p), slot(s, "exp_avg_sq", p), largest, s.step, f);
}

Tensor AdamW::update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) {
  Tensor* largest = f.group().flag("amsgrad") ? &slot(s, "max_exp_avg_sq", p) : nullptr;
  const double decay = f.number("weight_decay");
  const Tensor shrunk = decay == 0 ? p : p * f(1 - f.number("lr") * decay);
  return moved(shrunk, g, slot(s, "exp_avg", p), slot(s, "exp_avg_sq", p), largest, s.step, f);
}

}  // namespace deepseek::optim
