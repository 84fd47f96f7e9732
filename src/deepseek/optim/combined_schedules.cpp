// Schedules made of others, and the one that follows a metric.
#include <algorithm>
#include <cmath>

#include "deepseek/optim/lr_scheduler.h"

namespace deepseek::optim::lr_scheduler {
namespace {

void check_members(const std::vector<std::shared_ptr<LRScheduler>>& schedulers, const Optimizer* optimizer, const char* name) {
  ensure(!schedulers.empty(), name, ": at least one scheduler is needed");
  for (const auto& s : schedulers) {
    ensure(s != nullptr, name, ": a scheduler is missing");
    ensure(&s->optimizer() == optimizer, name, ": all schedulers must be of the same optimizer");
    ensure(!dynamic_cast<ReduceLROnPlateau*>(s.get()), name, ": ReduceLROnPlateau needs a metric and cannot be a part");
  }
}

void save_members(const std::vector<std::shared_ptr<LRScheduler>>& schedulers, Tree& t) {
  TreeList states;
  for (const auto& s : schedulers) states.items.push_back(s->state_dict());
  t.set("_schedulers", std::move(states));
}

void restore_members(const std::vector<std::shared_ptr<LRScheduler>>& schedulers, const Tree& t) {
  const auto& states = t.at("_schedulers", "the scheduler's state").items("_schedulers");
  ensure(states.size() == schedulers.size(), "load_state_dict: the state has ", states.size(), " schedulers, this one has ",
         schedulers.size());
  for (size_t i = 0; i < states.size(); ++i) schedulers[i]->load_state_dict(states[i]);
}

}  // namespace

SequentialLR::SequentialLR(std::shared_ptr<Optimizer> o, std::vector<std::shared_ptr<LRScheduler>> schedulers,
                           std::vector<int64_t> milestones, int64_t last_epoch)
    : LRScheduler(std::move(o), last_epoch), schedulers_(std::move(schedulers)), milestones_(std::move(milestones)) {
  check_members(schedulers_, optimizer_.get(), "SequentialLR");
  ensure(milestones_.size() + 1 == schedulers_.size(), "SequentialLR: ", schedulers_.size(), " schedulers need ",
         schedulers_.size() - 1, " milestones, but ", milestones_.size(), " are given");
  ensure(std::is_sorted(milestones_.begin(), milestones_.end()), "SequentialLR: milestones must increase");
  last_epoch_ = last_epoch + 1;
  // The constructors of all parts have set rates; begin again with those of the first.
  set_rates(base_lrs_);
  schedulers_[0]->step_to(0);
  last_lr_ = schedulers_[0]->get_last_lr();
}

void SequentialLR::step() {
  ++last_epoch_;
  const auto index = static_cast<size_t>(std::upper_bound(milestones_.begin(), milestones_.end(), last_epoch_) - milestones_.begin());
  LRScheduler& active = *schedulers_[index];
  if (index > 0 && milestones_[index - 1] == last_epoch_) active.step_to(0);
  else active.step();
  last_lr_ = active.get_last_lr();
}

std::vector<double> SequentialLR::get_lr() { return last_lr_; }
void SequentialLR::save(Tree& t) const { save_members(schedulers_, t); }
void SequentialLR::restore(const Tree& t) { restore_members(schedulers_, t); }

ChainedScheduler::ChainedScheduler(std::vector<std::shared_ptr<LRScheduler>> schedulers)
    : LRScheduler(schedulers.empty() || !schedulers[0] ? nullptr : schedulers[0]->shared_optimizer()), schedulers_(std::move(schedulers)) {
  check_members(schedulers_, optimizer_.get(), "ChainedScheduler");
  last_epoch_ = 0;
  last_lr_ = for_groups([&](size_t i) { return lr(i); });
}

void ChainedScheduler::step() {
  ++last_epoch_;
  for (const auto& s : schedulers_) s->step();
  last_lr_ = for_groups([&](size_t i) { return lr(i); });
}

std::vector<double> ChainedScheduler::get_lr() { return last_lr_; }
void ChainedScheduler::save(Tree& t) const { save_members(schedulers_, t); }
void ChainedScheduler::restore(const Tree& t) { restore_members(schedulers_, t); }

ReduceLROnPlateau::ReduceLROnPlateau(std::shared_ptr<Optimizer> o, PlateauOptions options)
    : LRScheduler(std::move(o)), options_(std::move(options)) {
  ensure(options_.factor < 1, "ReduceLROnPlateau: factor must be below 1, but it is ", options_.factor);
  ensure(options_.mode == "min" || options_.mode == "max", "ReduceLROnPlateau: mode must be 'min' or 'max', but it is '",
         options_.mode, "'");
  ensure(options_.threshold_mode == "rel" || options_.threshold_mode == "abs",
         "ReduceLROnPlateau: threshold_mode must be 'rel' or 'abs', but it is '", options_.threshold_mode, "'");
  ensure(options_.min_lr.size() == 1 || options_.min_lr.size() == groups(), "ReduceLROnPlateau: ", options_.min_lr.size(),
         " entries in min_lr for ", groups(), " parameter groups");
  best_ = options_.mode == "min" ? HUGE_VAL : -HUGE_VAL;
  last_epoch_ = 0;
}

bool ReduceLROnPlateau::better(double metric) const {
  const double sign = options_.mode == "min" ? -1 : 1;
  if (options_.threshold_mode == "rel") {
    const double bar = best_ * (1 + sign * options_.threshold);
    return sign * metric > sign * bar;
  }
  return sign * metric > sign * best_ + options_.threshold;
}

void ReduceLROnPlateau::step() { raise_type("ReduceLROnPlateau: step() needs the metric, for example step(validation_loss)"); }

void ReduceLROnPlateau::step(double metric) {
  ++last_epoch_;
  if (better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ > options_.patience) {
    set_rates(for_groups([&](size_t i) {
      const double low = options_.min_lr.size() == 1 ? options_.min_lr[0] : options_.min_lr[i];
      const double lowered = std::max(lr(i) * options_.factor, low);
      return lr(i) - lowered > options_.eps ? lowered : lr(i);
    }));
    cooldown_left_ = options_.cooldown;
    bad_epochs_ = 0;
  }
  last_lr_ = for_groups([&](size_t i) { return lr(i); });
}

std::vector<double> ReduceLROnPlateau::get_lr() { return last_lr_; }

void ReduceLROnPlateau::save(Tree& t) const {
  t.set("best", best_);
  t.set("num_bad_epochs", bad_epochs_);
  t.set("cooldown_counter", cooldown_left_);
}

void ReduceLROnPlateau::restore(const Tree& t) {
  const char* what = "the scheduler's state";
  best_ = t.at("best", what).number("best");
  bad_epochs_ = t.at("num_bad_epochs", what).integer("num_bad_epochs");
  cooldown_left_ = t.at("cooldown_counter", what).integer("cooldown_counter");
}

}  // namespace deepseek::optim::lr_scheduler
