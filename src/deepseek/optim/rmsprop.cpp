#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {

RMSprop::RMSprop(std::vector<ParamGroup> groups, RMSpropOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"alpha", o.alpha},
                                    {"eps", o.eps},
                                    {"weight_decay", o.weight_decay},
                                    {"momentum", o.momentum},
                                    {"centered", o.centered},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void RMSprop::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "alpha", "eps", "weight_decay", "momentum"}) check_at_least(g, name(), option, 0);
}

Tensor RMSprop::update(const Tensor& p, const Tensor& grad, ParamState& s, const Factors& f) {
  const Tensor g = decayed(grad, p, f);
  const double alpha = f.number("alpha"), momentum = f.number("momentum");
  Tensor& square = slot(s, "square_avg", p);
  Tensor v = square * f(alpha) + g * g * f(1 - alpha);
  square.assign(v);
  if (f.group().flag("centered")) {
    Tensor& mean = slot(s, "grad_avg", p);
    const Tensor m = lerp_to(mean, g, 1 - alpha, f);
    mean.assign(m);
    v = v - m * m;
  }
  Tensor direction = g / (sqrt(v) + f(f.number("eps")));
  if (momentum > 0) {
    Tensor& buffer = slot(s, "momentum_buffer", p);
    direction = buffer * f(momentum) + direction;
    buffer.assign(direction);
  }
  return p - direction * f(f.number("lr"));
}

}  // namespace deepseek::optim
