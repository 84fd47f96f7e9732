// OneCycleLR: rise, fall and final descent of the rate, momentum the other way round.
#include <cmath>
#include <numbers>

#include "deepseek/optim/lr_scheduler.h"

namespace deepseek::optim::lr_scheduler {
namespace {

void set_momentum(ParamGroup& g, double v) {
  if (g.has("betas")) g.set("betas", pair_of({v, g.pair("betas").second}));
  else g.set("momentum", v);
}

double entry(const std::vector<double>& v, size_t i) { return v.size() == 1 ? v[0] : v[i]; }

}  // namespace

OneCycleLR::OneCycleLR(std::shared_ptr<Optimizer> o, std::vector<double> max_lr, OneCycleOptions c, int64_t last_epoch)
    : LRScheduler(std::move(o), last_epoch), cosine_(c.anneal_strategy == "cos"), momentum_(c.cycle_momentum) {
  total_ = c.total_steps ? c.total_steps : c.epochs * c.steps_per_epoch;
  ensure(total_ > 0, "OneCycleLR: give total_steps, or epochs and steps_per_epoch, above 0");
  ensure(c.pct_start >= 0 && c.pct_start <= 1, "OneCycleLR: pct_start must be in [0, 1], but it is ", c.pct_start);
  ensure(cosine_ || c.anneal_strategy == "linear", "OneCycleLR: anneal_strategy must be 'cos' or 'linear', but it is '",
         c.anneal_strategy, "'");
  const auto fits = [&](const std::vector<double>& v) { return v.size() == 1 || v.size() == groups(); };
  ensure(fits(max_lr) && fits(c.base_momentum) && fits(c.max_momentum), "OneCycleLR: lists must have one entry for each of the ",
         groups(), " parameter groups");
  const double total = static_cast<double>(total_), top = c.pct_start * total - 1;
  if (c.three_phase) {
    phases_ = {{top, "initial_lr", "max_lr", "max_momentum", "base_momentum"},
               {2 * c.pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"},
               {total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"}};
  } else {
    phases_ = {{top, "initial_lr", "max_lr", "max_momentum", "base_momentum"},
               {total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"}};
  }
  if (last_epoch == -1) {
    for (size_t i = 0; i < groups(); ++i) {
      ParamGroup& g = optimizer_->group(i);
      const double initial = entry(max_lr, i) / c.div_factor;
      g.set("initial_lr", initial);
      g.set("max_lr", entry(max_lr, i));
      g.set("min_lr", initial / c.final_div_factor);
      base_lrs_[i] = initial;
      if (!momentum_) continue;
      ensure(g.has("betas") || g.has("momentum"), "OneCycleLR: the optimizer has no momentum; give cycle_momentum=False");
      g.set("max_momentum", entry(c.max_momentum, i));
      g.set("base_momentum", entry(c.base_momentum, i));
      set_momentum(g, entry(c.max_momentum, i));
    }
  }
  start();
}

double OneCycleLR::anneal(double from, double to, double part) const {
  if (cosine_) return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * part) + 1);
  return (to - from) * part + from;
}

std::vector<double> OneCycleLR::get_lr() {
  ensure(last_epoch_ <= total_, "OneCycleLR: step ", last_epoch_, " of a schedule of ", total_, " steps");
  const double step = static_cast<double>(last_epoch_);
  return for_groups([&](size_t i) {
    ParamGroup& g = optimizer_->group(i);
    double begin = 0;
    size_t k = 0;
    while (k + 1 < phases_.size() && step > phases_[k].end) begin = phases_[k++].end;
    const Phase& p = phases_[k];
    const double part = p.end == begin ? 1 : (step - begin) / (p.end - begin);
    if (momentum_) set_momentum(g, anneal(g.number(p.from_momentum), g.number(p.to_momentum), part));
    return anneal(g.number(p.from_lr), g.number(p.to_lr), part);
  });
}

}  // namespace deepseek::optim::lr_scheduler
