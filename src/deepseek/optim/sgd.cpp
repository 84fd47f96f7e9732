#include "deepseek/graph/operators.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {

SGD::SGD(std::vector<ParamGroup> groups, SGDOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"momentum", o.momentum},
                                    {"dampening", o.dampening},
                                    {"weight_decay", o.weight_decay},
                                    {"nesterov", o.nesterov},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void SGD::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "momentum", "weight_decay"}) check_at_least(g, name(), option, 0);
  ensure(!g.flag("nesterov") || (g.number("momentum") > 0 && g.number("dampening") == 0),
         "SGD: nesterov needs a momentum above 0 and no dampening");
}

Tensor SGD::update(const Tensor& p, const Tensor& grad, ParamState& s, const Factors& f) {
  Tensor g = decayed(grad, p, f);
  const double momentum = f.number("momentum");
  if (momentum != 0) {
    Tensor& buffer = slot(s, "momentum_buffer", p);
    // The first buffer is the gradient itself; the buffer is zero then, so a factor of 1 says the same with the same plan.
    const double share = s.step == 1 ? 1 : 1 - f.number("dampening");
    const Tensor moved = buffer * f(momentum) + g * f(share);
    buffer.assign(moved);
    g = f.group().flag("nesterov") ? g + moved * f(momentum) : moved;
  }
  return p - g * f(f.number("lr"));
}

}  // namespace deepseek::optim
