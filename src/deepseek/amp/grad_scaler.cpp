#include "deepseek/amp/grad_scaler.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/tensor/autocast_mode.h"

namespace deepseek::amp {
namespace {

void check_scale(double v) {
  ensure(v > 0 && std::isfinite(v), "GradScaler: the scale must be positive and finite, but it is ", v);
}
void check_growth(double v) { ensure(v > 1, "GradScaler: growth_factor must be above 1, but it is ", v); }
void check_backoff(double v) { ensure(v > 0 && v < 1, "GradScaler: backoff_factor must be between 0 and 1, but it is ", v); }
void check_interval(int64_t v) { ensure(v >= 1, "GradScaler: growth_interval must be at least 1, but it is ", v); }

}  // namespace

GradScaler::GradScaler(GradScalerOptions options) : options_(options), scale_(options.init_scale) {
  check_scale(options.init_scale);
  check_growth(options.growth_factor);
  check_backoff(options.backoff_factor);
  check_interval(options.growth_interval);
}

void GradScaler::set_growth_factor(double v) { check_growth(v), options_.growth_factor = v; }
void GradScaler::set_backoff_factor(double v) { check_backoff(v), options_.backoff_factor = v; }
void GradScaler::set_growth_interval(int64_t v) { check_interval(v), options_.growth_interval = v; }

Tensor GradScaler::scale(const Tensor& outputs) const { return options_.enabled ? outputs * Tensor(scale_) : outputs; }

void GradScaler::unscale_(optim::Optimizer& optimizer) {
  if (!options_.enabled) return;
  Progress& progress = progress_[&optimizer];
  if (progress.stepped) raise_runtime("GradScaler: unscale_() comes before step(), but step() has been called since the last update()");
  if (progress.found.defined()) raise_runtime("GradScaler: unscale_() has already been called for this optimizer since the last update()");
  const NoGradGuard no_grad;
  const ScopedMode<bool> own_types(autocast_mode.on, false);
  const Tensor inverse(1 / scale_);
  Tensor found;
  for (const auto& group : optimizer.param_groups()) {
    for (const Tensor& parameter : group->params) {
      Tensor g = parameter.grad();
      if (!g.defined() || g.numel() == 0) continue;
      if (g.dtype() == DType::float16) {
        raise_value("GradScaler: a gradient is float16, whose range is too small once the scale is off; keep the parameters "
                    "float32 and compute under autocast");
      }
      const Tensor bad = any(~isfinite(g));
      found = found.defined() ? found | bad : bad;
      g.assign(g * inverse);
    }
  }
  progress.found = found.defined() ? found : Tensor::from_vector<float>({0.f}, {}) != 0;
}

bool GradScaler::may_step(optim::Optimizer& optimizer) {
  if (!options_.enabled) return true;
  if (progress_[&optimizer].stepped) raise_runtime("GradScaler: step() has already been called for this optimizer since the last update()");
  if (!progress_[&optimizer].found.defined()) unscale_(optimizer);
  Progress& progress = progress_[&optimizer];
  progress.stepped = true;
  return progress.found.item() == 0;
}

bool GradScaler::step(optim::Optimizer& optimizer) {
  if (!may_step(optimizer)) return false;
  optimizer.step();
  return true;
}

void GradScaler::update(std::optional<double> new_scale) {
  if (!options_.enabled) return;
  if (new_scale) {
    check_scale(*new_scale);
    scale_ = *new_scale;
  } else {
    ensure(!progress_.empty(), "GradScaler: update() needs a step() or unscale_() before it");
    bool found = false;
    for (auto& [optimizer, progress] : progress_) found |= progress.found.defined() && progress.found.item() != 0;
    // Beyond float32's range the scale would turn every loss into infinity.
    if (found) {
      scale_ *= options_.backoff_factor, good_steps_ = 0;
    } else if (++good_steps_ == options_.growth_interval) {
      if (scale_ * options_.growth_factor <= 0x1p127) scale_ *= options_.growth_factor;
      good_steps_ = 0;
    }
  }
  progress_.clear();
}

Tree GradScaler::state_dict() const {
  Tree t = TreeDict{};
  if (!options_.enabled) return t;
  t.set("scale", scale_);
  t.set("growth_factor", options_.growth_factor);
  t.set("backoff_factor", options_.backoff_factor);
  t.set("growth_interval", options_.growth_interval);
  t.set("_growth_tracker", good_steps_);
  return t;
}

void GradScaler::load_state_dict(const Tree& dict) {
  if (!options_.enabled) return;
  const auto number = [&](const char* name) { return dict.at(name, "GradScaler's state").number(name); };
  const auto integer = [&](const char* name) { return dict.at(name, "GradScaler's state").integer(name); };
  ensure(!dict.dict("GradScaler's state").keys.empty(), "GradScaler: the state is empty: it was saved by a scaler that is not enabled");
  GradScaler loaded({number("scale"), number("growth_factor"), number("backoff_factor"), integer("growth_interval"), true});
  loaded.good_steps_ = integer("_growth_tracker");
  ensure(loaded.good_steps_ >= 0, "GradScaler: _growth_tracker must not be negative, but it is ", loaded.good_steps_);
  *this = std::move(loaded);
}

}  // namespace deepseek::amp
