#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {

// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
Lion::Lion(std::vector<ParamGroup> groups, LionOptions o)
    : Optimizer(std::move(groups),
                {{"lr", o.lr}, {"betas", pair_of(o.betas)}, {"weight_decay", o.weight_decay}, {"maximize", o.maximize}}) {
  check_groups();
}

void Lion::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "weight_decay"}) check_at_least(g, name(), option, 0);
  check_betas(g, name());
}

Tensor Lion::update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) {
  const auto [beta1, beta2] = f.group().pair("betas");
  const double lr = f.number("lr"), decay = f.number("weight_decay");
  Tensor& mean = slot(s, "exp_avg", p);
  const Tensor direction = sign(mean * f(beta1) + g * f(1 - beta1));
  mean.assign(mean * f(beta2) + g * f(1 - beta2));
  return (decay == 0 ? p : p * f(1 - lr * decay)) - direction * f(lr);
}

}  // namespace deepseek::optim
