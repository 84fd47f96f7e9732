// Learning-rate schedules with torch's names, arguments and recurrences: each step computes the rate from the one before, so
// that schedules can be chained and a rate set by hand is carried on.
#pragma once
#include <memory>

#include "deepseek/optim/optimizer.h"

namespace deepseek::optim::lr_scheduler {

// Keeps its optimizer alive.
class LRScheduler {
 public:
  explicit LRScheduler(std::shared_ptr<Optimizer> optimizer, int64_t last_epoch = -1);
  virtual ~LRScheduler();
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  virtual void step();
  // As at the beginning of `epoch`, from the closed form where there is one.
  virtual void step_to(int64_t epoch);
  // The rates of all groups for `last_epoch`, from their present ones.
  virtual std::vector<double> get_lr() = 0;
  const std::vector<double>& get_last_lr() const { return last_lr_; }

  Tree state_dict() const;
  void load_state_dict(const Tree& dict);

  Optimizer& optimizer() const { return *optimizer_; }
  const std::shared_ptr<Optimizer>& shared_optimizer() const { return optimizer_; }
  int64_t last_epoch() const { return last_epoch_; }
  const std::vector<double>& base_lrs() const { return base_lrs_; }

 protected:
  // Sets the rates of epoch 0; every constructor of a concrete schedule ends with it.
  void start();
  virtual bool has_closed_form() const { return false; }
  virtual std::vector<double> closed_form() { return get_lr(); }
  // State beyond the common one.
  virtual void save(Tree&) const {}
  virtual void restore(const Tree&) {}

  size_t groups() const { return optimizer_->param_groups().size(); }
  double lr(size_t i) const { return optimizer_->param_groups()[i]->number("lr"); }
  double base(size_t i) const { return base_lrs_[i]; }
  void set_rates(const std::vector<double>& rates);
  template <class F>
  std::vector<double> for_groups(F&& f) const {
    std::vector<double> out;
    for (size_t i = 0; i < groups(); ++i) out.push_back(f(i));
    return out;
  }

  std::shared_ptr<Optimizer> optimizer_;
  std::vector<double> base_lrs_, last_lr_;
  int64_t last_epoch_ = -1;
  int64_t step_count_ = 0;
};

// A schedule that states how the rate of a group follows from the one before, and its closed form.
class Recurrence : public LRScheduler {
 public:
  using LRScheduler::LRScheduler;
  std::vector<double> get_lr() override {
    return for_groups([&](size_t i) { return next(lr(i), base(i)); });
  }

 protected:
  virtual double next(double lr, double base) = 0;
  virtual double at(double base, int64_t epoch) = 0;
  bool has_closed_form() const override { return true; }
  std::vector<double> closed_form() override {
    return for_groups([&](size_t i) { return at(base(i), last_epoch_); });
  }
};

class StepLR : public Recurrence {
 public:
  StepLR(std::shared_ptr<Optimizer> optimizer, int64_t step_size, double gamma = 0.1, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  int64_t step_size_;
  double gamma_;
};

class MultiStepLR : public Recurrence {
 public:
  MultiStepLR(std::shared_ptr<Optimizer> optimizer, std::vector<int64_t> milestones, double gamma = 0.1, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  std::vector<int64_t> milestones_;
  double gamma_;
};

class ConstantLR : public Recurrence {
 public:
  ConstantLR(std::shared_ptr<Optimizer> optimizer, double factor = 1.0 / 3, int64_t total_iters = 5, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  double factor_;
  int64_t total_;
};

class LinearLR : public Recurrence {
 public:
  LinearLR(std::shared_ptr<Optimizer> optimizer, double start_factor = 1.0 / 3, double end_factor = 1.0, int64_t total_iters = 5,
           int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  double start_, end_;
  int64_t total_;
};

class ExponentialLR : public Recurrence {
 public:
  ExponentialLR(std::shared_ptr<Optimizer> optimizer, double gamma, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  double gamma_;
};

class PolynomialLR : public Recurrence {
 public:
  PolynomialLR(std::shared_ptr<Optimizer> optimizer, int64_t total_iters = 5, double power = 1.0, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  int64_t total_;
  double power_;
};

class CosineAnnealingLR : public Recurrence {
 public:
  CosineAnnealingLR(std::shared_ptr<Optimizer> optimizer, int64_t T_max, double eta_min = 0, int64_t last_epoch = -1);

 protected:
  double next(double lr, double base) override;
  double at(double base, int64_t epoch) override;

 private:
  int64_t period_;
  double lowest_;
};

class CosineAnnealingWarmRestarts : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(std::shared_ptr<Optimizer> optimizer, int64_t T_0, int64_t T_mult = 1, double eta_min = 0,
                              int64_t last_epoch = -1);
  void step() override;
  void step_to(int64_t epoch) override;
  std::vector<double> get_lr() override;

 protected:
  void save(Tree& t) const override;
  void restore(const Tree& t) override;

 private:
  int64_t first_, growth_, period_, since_;
  double lowest_;
};

// Rate of group i = base rate * function i of the epoch; one function serves all groups.
class LambdaLR : public LRScheduler {
 public:
  using Function = std::function<double(int64_t)>;
  LambdaLR(std::shared_ptr<Optimizer> optimizer, std::vector<Function> functions, int64_t last_epoch = -1);
  std::vector<double> get_lr() override;

 protected:
  const Function& function(size_t i) const { return functions_.size() == 1 ? functions_[0] : functions_[i]; }

 private:
  std::vector<Function> functions_;
};

// Each rate is the one before times the function of the epoch.
class MultiplicativeLR : public LambdaLR {
 public:
  MultiplicativeLR(std::shared_ptr<Optimizer> optimizer, std::vector<Function> functions, int64_t last_epoch = -1);
  std::vector<double> get_lr() override;

 private:
  bool started_ = false;
};

struct OneCycleOptions {
  int64_t total_steps = 0;  // or epochs * steps_per_epoch
  int64_t epochs = 0, steps_per_epoch = 0;
  double pct_start = 0.3;
  std::string anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;
  std::vector<double> base_momentum = {0.85}, max_momentum = {0.95};
  double div_factor = 25, final_div_factor = 1e4;
  bool three_phase = false;
};

class OneCycleLR : public LRScheduler {
 public:
  OneCycleLR(std::shared_ptr<Optimizer> optimizer, std::vector<double> max_lr, OneCycleOptions options, int64_t last_epoch = -1);
  std::vector<double> get_lr() override;

 private:
  struct Phase {
    double end;
    const char *from_lr, *to_lr, *from_momentum, *to_momentum;
  };
  double anneal(double from, double to, double part) const;
  int64_t total_;
  bool cosine_, momentum_;
  std::vector<Phase> phases_;
};

// One schedule after another; schedule i + 1 begins at milestone i.
class SequentialLR : public LRScheduler {
 public:
  SequentialLR(std::shared_ptr<Optimizer> optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers,
               std::vector<int64_t> milestones, int64_t last_epoch = -1);
  void step() override;
  std::vector<double> get_lr() override;

 protected:
  void save(Tree& t) const override;
  void restore(const Tree& t) override;

 private:
  std::vector<std::shared_ptr<LRScheduler>> schedulers_;
  std::vector<int64_t> milestones_;
};

// Several schedules at once: each multiplies what the others have set.
class ChainedScheduler : public LRScheduler {
 public:
  explicit ChainedScheduler(std::vector<std::shared_ptr<LRScheduler>> schedulers);
  void step() override;
  std::vector<double> get_lr() override;

 protected:
  void save(Tree& t) const override;
  void restore(const Tree& t) override;

 private:
  std::vector<std::shared_ptr<LRScheduler>> schedulers_;
};

struct PlateauOptions {
  std::string mode = "min";  // or "max"
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
  std::string threshold_mode = "rel";  // or "abs"
  int64_t cooldown = 0;
  std::vector<double> min_lr = {0};
  double eps = 1e-8;
};

// Lowers the rate when a metric has not improved for `patience` epochs.
class ReduceLROnPlateau : public LRScheduler {
 public:
  explicit ReduceLROnPlateau(std::shared_ptr<Optimizer> optimizer, PlateauOptions options = {});
  void step() override;
  void step(double metric);
  std::vector<double> get_lr() override;

 protected:
  void save(Tree& t) const override;
  void restore(const Tree& t) override;

 private:
  bool better(double metric) const;
  PlateauOptions options_;
  double best_;
  int64_t bad_epochs_ = 0, cooldown_left_ = 0;
};

}  // namespace deepseek::optim::lr_scheduler
