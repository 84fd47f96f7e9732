// Keeps the gradients of float16 within its range: the loss is scaled up before backward, the gradients down before the update.
//
//   scaler.scale(loss).backward();
//   scaler.step(optimizer);   // leaves the parameters alone when a gradient is infinite or NaN
//   scaler.update();          // halves the scale after such a step, doubles it after many good ones
//
// bfloat16 has float32's range and needs none of this.
#pragma once
#include <map>
#include <optional>

#include "deepseek/files/tree.h"
#include "deepseek/optim/optimizer.h"

namespace deepseek::amp {

struct GradScalerOptions {
  double init_scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  int64_t growth_interval = 2000;  // good steps in a row before the scale grows
  bool enabled = true;             // false: every call passes through
};

class GradScaler {
 public:
  explicit GradScaler(GradScalerOptions options = {});

  Tensor scale(const Tensor& outputs) const;
  // Takes the scale off the gradients, for what looks at them before the step, such as clipping. Once per optimizer and update.
  void unscale_(optim::Optimizer& optimizer);
  // Unscales unless that is done; updates the parameters when all gradients are finite. Whether it did.
  bool step(optim::Optimizer& optimizer);
  // The first half of step(): whether the optimizer may step now. Counts as the step.
  bool may_step(optim::Optimizer& optimizer);
  // Sets the scale of the next iteration, or moves it by what the steps since the last update met.
  void update(std::optional<double> new_scale = {});

  double get_scale() const { return options_.enabled ? scale_ : 1; }
  bool is_enabled() const { return options_.enabled; }
  const GradScalerOptions& options() const { return options_; }
  void set_growth_factor(double v);
  void set_backoff_factor(double v);
  void set_growth_interval(int64_t v);

  // {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"}; empty when disabled.
  Tree state_dict() const;
  void load_state_dict(const Tree& dict);

 private:
  struct Progress {
    Tensor found;  // bool: a gradient is infinite or NaN; undefined until unscaled
    bool stepped = false;
  };

  GradScalerOptions options_;
  double scale_;
  int64_t good_steps_ = 0;  // in a row
  std::map<const optim::Optimizer*, Progress> progress_;
};

}  // namespace deepseek::amp
