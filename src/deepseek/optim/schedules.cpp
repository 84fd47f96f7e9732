// Schedules that follow a formula of the epoch.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "deepseek/optim/lr_scheduler.h"

namespace deepseek::optim::lr_scheduler {
namespace {

double cosine(double x) { return std::cos(std::numbers::pi * x); }

}  // namespace

StepLR::StepLR(std::shared_ptr<Optimizer> o, int64_t step_size, double gamma, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), step_size_(step_size), gamma_(gamma) {
  ensure(step_size > 0, "StepLR: step_size must be above 0, but it is ", step_size);
  start();
}
double StepLR::next(double lr, double) { return last_epoch_ == 0 || last_epoch_ % step_size_ != 0 ? lr : lr * gamma_; }
double StepLR::at(double base, int64_t epoch) { return base * std::pow(gamma_, static_cast<double>(epoch / step_size_)); }

MultiStepLR::MultiStepLR(std::shared_ptr<Optimizer> o, std::vector<int64_t> milestones, double gamma, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), milestones_(std::move(milestones)), gamma_(gamma) {
  std::sort(milestones_.begin(), milestones_.end());
  start();
}
double MultiStepLR::next(double lr, double) {
  const auto times = std::count(milestones_.begin(), milestones_.end(), last_epoch_);
  return times ? lr * std::pow(gamma_, static_cast<double>(times)) : lr;
}
double MultiStepLR::at(double base, int64_t epoch) {
  const auto passed = std::upper_bound(milestones_.begin(), milestones_.end(), epoch) - milestones_.begin();
  return base * std::pow(gamma_, static_cast<double>(passed));
}

ConstantLR::ConstantLR(std::shared_ptr<Optimizer> o, double factor, int64_t total_iters, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), factor_(factor), total_(total_iters) {
  ensure(factor >= 0 && factor <= 1, "ConstantLR: factor must be in [0, 1], but it is ", factor);
  start();
}
double ConstantLR::next(double lr, double) {
  if (last_epoch_ == 0) return lr * factor_;
  return last_epoch_ == total_ ? lr * (1 / factor_) : lr;
}
double ConstantLR::at(double base, int64_t epoch) { return base * (factor_ + (epoch >= total_) * (1 - factor_)); }

LinearLR::LinearLR(std::shared_ptr<Optimizer> o, double start_factor, double end_factor, int64_t total_iters, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), start_(start_factor), end_(end_factor), total_(total_iters) {
  ensure(start_ > 0 && start_ <= 1, "LinearLR: start_factor must be in (0, 1], but it is ", start_);
  ensure(end_ >= 0 && end_ <= 1, "LinearLR: end_factor must be in [0, 1], but it is ", end_);
  ensure(total_ > 0, "LinearLR: total_iters must be above 0, but it is ", total_);
  start();
}
double LinearLR::next(double lr, double) {
  if (last_epoch_ == 0) return lr * start_;
  if (last_epoch_ > total_) return lr;
  const double rise = end_ - start_;
  return lr * (1 + rise / (static_cast<double>(total_) * start_ + static_cast<double>(last_epoch_ - 1) * rise));
}
double LinearLR::at(double base, int64_t epoch) {
  return base * (start_ + (end_ - start_) * static_cast<double>(std::min(total_, epoch)) / static_cast<double>(total_));
}

ExponentialLR::ExponentialLR(std::shared_ptr<Optimizer> o, double gamma, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), gamma_(gamma) {
  start();
}
double ExponentialLR::next(double lr, double) { return last_epoch_ == 0 ? lr : lr * gamma_; }
double ExponentialLR::at(double base, int64_t epoch) { return base * std::pow(gamma_, static_cast<double>(epoch)); }

PolynomialLR::PolynomialLR(std::shared_ptr<Optimizer> o, int64_t total_iters, double power, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), total_(total_iters), power_(power) {
  ensure(total_ > 0, "PolynomialLR: total_iters must be above 0, but it is ", total_);
  start();
}
double PolynomialLR::next(double lr, double) {
  if (last_epoch_ == 0 || last_epoch_ > total_) return lr;
  const double total = static_cast<double>(total_), epoch = static_cast<double>(last_epoch_);
  return lr * std::pow((1 - epoch / total) / (1 - (epoch - 1) / total), power_);
}
double PolynomialLR::at(double base, int64_t epoch) {
  return base * std::pow(1 - static_cast<double>(std::min(total_, epoch)) / static_cast<double>(total_), power_);
}

CosineAnnealingLR::CosineAnnealingLR(std::shared_ptr<Optimizer> o, int64_t T_max, double eta_min, int64_t last_epoch)
    : Recurrence(std::move(o), last_epoch), period_(T_max), lowest_(eta_min) {
  ensure(T_max > 0, "CosineAnnealingLR: T_max must be above 0, but it is ", T_max);
  start();
}
double CosineAnnealingLR::next(double lr, double base) {
  if (last_epoch_ == 0) return lr;
  const double period = static_cast<double>(period_), epoch = static_cast<double>(last_epoch_);
  if (step_count_ == 1) return at(base, last_epoch_);
  if ((last_epoch_ - 1 - period_) % (2 * period_) == 0) return lr + (base - lowest_) * (1 - cosine(1 / period)) / 2;
  return (1 + cosine(epoch / period)) / (1 + cosine((epoch - 1) / period)) * (lr - lowest_) + lowest_;
}
double CosineAnnealingLR::at(double base, int64_t epoch) {
  return lowest_ + (base - lowest_) * (1 + cosine(static_cast<double>(epoch) / static_cast<double>(period_))) / 2;
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(std::shared_ptr<Optimizer> o, int64_t T_0, int64_t T_mult, double eta_min,
                                                         int64_t last_epoch)
    : LRScheduler(std::move(o), last_epoch), first_(T_0), growth_(T_mult), period_(T_0), since_(last_epoch), lowest_(eta_min) {
  ensure(T_0 > 0, "CosineAnnealingWarmRestarts: T_0 must be above 0, but it is ", T_0);
  ensure(T_mult >= 1, "CosineAnnealingWarmRestarts: T_mult must be at least 1, but it is ", T_mult);
  step();
}
void CosineAnnealingWarmRestarts::step() {
  if (last_epoch_ < 0) return step_to(0);
  ++step_count_;
  ++last_epoch_;
  if (++since_ >= period_) {
    since_ -= period_;
    period_ *= growth_;
  }
  set_rates(get_lr());
}
void CosineAnnealingWarmRestarts::step_to(int64_t epoch) {
  ensure(epoch >= 0, "CosineAnnealingWarmRestarts: the epoch must be at least 0, but it is ", epoch);
  ++step_count_;
  last_epoch_ = epoch;
  since_ = epoch;
  period_ = first_;
  while (since_ >= period_) {
    if (growth_ == 1) {
      since_ %= period_;
      break;
    }
    since_ -= period_;
    period_ *= growth_;
  }
  set_rates(get_lr());
}
std::vector<double> CosineAnnealingWarmRestarts::get_lr() {
  return for_groups([&](size_t i) {
    return lowest_ + (base(i) - lowest_) * (1 + cosine(static_cast<double>(since_) / static_cast<double>(period_))) / 2;
  });
}
void CosineAnnealingWarmRestarts::save(Tree& t) const {
  t.set("T_i", period_);
  t.set("T_cur", since_);
}
void CosineAnnealingWarmRestarts::restore(const Tree& t) {
  period_ = t.at("T_i", "the scheduler's state").integer("T_i");
  since_ = t.at("T_cur", "the scheduler's state").integer("T_cur");
}

LambdaLR::LambdaLR(std::shared_ptr<Optimizer> o, std::vector<Function> functions, int64_t last_epoch)
    : LRScheduler(std::move(o), last_epoch), functions_(std::move(functions)) {
  ensure(functions_.size() == 1 || functions_.size() == groups(), "LambdaLR: ", functions_.size(), " functions for ", groups(),
         " parameter groups");
  start();
}
std::vector<double> LambdaLR::get_lr() {
  return for_groups([&](size_t i) { return base(i) * function(i)(last_epoch_); });
}

MultiplicativeLR::MultiplicativeLR(std::shared_ptr<Optimizer> o, std::vector<Function> functions, int64_t last_epoch)
    : LambdaLR(std::move(o), std::move(functions), last_epoch) {
  // LambdaLR's constructor has set base * f(0); this schedule begins with the rate as it was.
  started_ = true;
  set_rates(last_epoch == -1 ? base_lrs_ : get_lr());
}
std::vector<double> MultiplicativeLR::get_lr() {
  return for_groups([&](size_t i) { return started_ && last_epoch_ > 0 ? lr(i) * function(i)(last_epoch_) : lr(i); });
}

}  // namespace deepseek::optim::lr_scheduler
