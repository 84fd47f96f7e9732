// Adagrad and Adadelta.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/optim/optimizers.h"

namespace deepseek::optim {

Adagrad::Adagrad(std::vector<ParamGroup> groups, AdagradOptions o)
    : Optimizer(std::move(groups), {{"lr", o.lr},
                                    {"lr_decay", o.lr_decay},
                                    {"weight_decay", o.weight_decay},
                                    {"initial_accumulator_value", o.initial_accumulator_value},
                                    {"eps", o.eps},
                                    {"maximize", o.maximize}}) {
  check_groups();
}

void Adagrad::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"}) {
    check_at_least(g, name(), option, 0);
  }
}

Tensor Adagrad::update(const Tensor& p, const Tensor& grad, ParamState& s, const Factors& f) {
  const Tensor g = decayed(grad, p, f);
  Tensor& total = slot(s, "sum", p, f.number("initial_accumulator_value"));
  const Tensor squares = total + g * g;
  total.assign(squares);
  const double rate = f.number("lr") / (1 + (s.step - 1) * f.number("lr_decay"));
  return p - g / (sqrt(squares) + f(f.number("eps"))) * f(rate);
}

Adadelta::Adadelta(std::vector<ParamGroup> groups, AdadeltaOptions o)
    : Optimizer(std::move(groups),
                {{"lr", o.lr}, {"rho", o.rho}, {"eps", o.eps}, {"weight_decay", o.weight_decay}, {"maximize", o.maximize}}) {
  check_groups();
}

void Adadelta::check(const ParamGroup& g) const {
  for (const char* option : {"lr", "eps", "weight_decay"}) check_at_least(g, name(), option, 0);
  check_below(g, name(), "rho", 0, 1);
}

Tensor Adadelta::update(const Tensor& p, const Tensor& grad, ParamState& s, const Factors& f) {
  const Tensor g = decayed(grad, p, f);
  const double rho = f.number("rho"), eps = f.number("eps");
  Tensor &square = slot(s, "square_avg", p), &change = slot(s, "acc_delta", p);
  const Tensor v = square * f(rho) + g * g * f(1 - rho);
  const Tensor delta = sqrt(change + f(eps)) / sqrt(v + f(eps)) * g;
  square.assign(v);
  change.assign(change * f(rho) + delta * delta * f(1 - rho));
  return p - delta * f(f.number("lr"));
}

}  // namespace deepseek::optim
