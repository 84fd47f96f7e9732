// Adamax, NAdam and RAdam: Adam with another second moment, another momentum, another correction.
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {
namespace {

// Decay through the gradient, or apart from it: shrinks `p` then.
Tensor with_decay(const Tensor& g, Tensor& p, const Factors& f) {
  if (!f.group().flag("decoupled_weight_decay")) return decayed(g, p, f);
  const double decay = f.number("weight_decay");
  if (decay != 0) p = p * f(1 - f.number("lr") * decay);
  return g;
}

}  // namespace

Adamax::Adamax(std::vector<ParamGroup> groups, AdamaxOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"betas", pair_of(o.betas)},
                                    {"eps", o.eps},
                                    {"weight_decay", o.weight_decay},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void Adamax::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "eps", "weight_decay"}) check_at_least(g, name(), option, 0);
  check_betas(g, name());
}

Tensor Adamax::update(const Tensor& p, const Tensor& grad, ParamState& s, const Factors& f) {
  const Tensor g = decayed(grad, p, f);
  const auto [beta1, beta2] = f.group().pair("betas");
  Tensor &mean = slot(s, "exp_avg", p), &largest = slot(s, "exp_inf", p);
  const Tensor m = lerp_to(mean, g, 1 - beta1, f);
  const Tensor u = maximum(largest * f(beta2), abs(g) + f(f.number("eps")));
  mean.assign(m);
  largest.assign(u);
  return p - m / u * f(f.number("lr") / (1 - std::pow(beta1, s.step)));
}

NAdam::NAdam(std::vector<ParamGroup> groups, NAdamOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"betas", pair_of(o.betas)},
                                    {"eps", o.eps},
                                    {"weight_decay", o.weight_decay},
                                    {"momentum_decay", o.momentum_decay},
                                    {"decoupled_weight_decay", o.decoupled_weight_decay},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void NAdam::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "eps", "weight_decay", "momentum_decay"}) check_at_least(g, name(), option, 0);
  check_betas(g, name());
}

Tensor NAdam::update(const Tensor& param, const Tensor& grad, ParamState& s, const Factors& f) {
  Tensor p = param;
  const Tensor g = with_decay(grad, p, f);
  const auto [beta1, beta2] = f.group().pair("betas");
  const double lr = f.number("lr"), decay = f.number("momentum_decay");
  const double mu = beta1 * (1 - 0.5 * std::pow(0.96, s.step * decay));
  const double mu_next = beta1 * (1 - 0.5 * std::pow(0.96, (s.step + 1) * decay));
  double& product = s.numbers.try_emplace("mu_product", 1.0).first->second;
  product *= mu;
  Tensor &mean = slot(s, "exp_avg", param), &square = slot(s, "exp_avg_sq", param);
  const Tensor m = lerp_to(mean, g, 1 - beta1, f);
  const Tensor v = square * f(beta2) + g * g * f(1 - beta2);
  mean.assign(m);
  square.assign(v);
  const Tensor denominator = sqrt(v / f(1 - std::pow(beta2, s.step))) + f(f.number("eps"));
  return p - g / denominator * f(lr * (1 - mu) / (1 - product)) - m / denominator * f(lr * mu_next / (1 - product * mu_next));
}

RAdam::RAdam(std::vector<ParamGroup> groups, RAdamOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"betas", pair_of(o.betas)},
                                    {"eps", o.eps},
                                    {"weight_decay", o.weight_decay},
                                    {"decoupled_weight_decay", o.decoupled_weight_decay},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void RAdam::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "eps", "weight_decay"}) check_at_least(g, name(), option, 0);
  check_betas(g, name());
}

Tensor RAdam::update(const Tensor& param, const Tensor& grad, ParamState& s, const Factors& f) {
  Tensor p = param;
  const Tensor g = with_decay(grad, p, f);
  const auto [beta1, beta2] = f.group().pair("betas");
  const double lr = f.number("lr"), power = std::pow(beta2, s.step), correction2 = 1 - power;
  const double rate = lr / (1 - std::pow(beta1, s.step));
  Tensor &mean = slot(s, "exp_avg", param), &square = slot(s, "exp_avg_sq", param);
  const Tensor m = lerp_to(mean, g, 1 - beta1, f);
  const Tensor v = square * f(beta2) + g * g * f(1 - beta2);
  mean.assign(m);
  square.assign(v);
  const double longest = 2 / (1 - beta2) - 1, length = longest - 2 * s.step * power / correction2;
  if (length <= 5) return p - m * f(rate);  // too few samples for the variance of the step to be known
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  return p - m / (sqrt(v) + f(f.number("eps"))) * f(rate * rectified * std::sqrt(correction2));
}

}  // namespace deepseek::optim
