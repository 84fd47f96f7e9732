#include "deepseek/optim/lr_scheduler.h"

namespace deepseek::optim::lr_scheduler {

LRScheduler::LRScheduler(std::shared_ptr<Optimizer> optimizer, int64_t last_epoch)
    : optimizer_(std::move(optimizer)), last_epoch_(last_epoch) {
  ensure(optimizer_ != nullptr, "lr_scheduler: the optimizer is missing");
  for (const auto& group : optimizer_->param_groups()) {
    if (last_epoch == -1) {
      if (!group->has("initial_lr")) group->set("initial_lr", group->number("lr"));
    } else {
      ensure(group->has("initial_lr"), "lr_scheduler: 'initial_lr' must be in the parameter groups to go on at epoch ", last_epoch);
    }
    base_lrs_.push_back(group->number("initial_lr"));
    last_lr_.push_back(group->number("lr"));
  }
}

LRScheduler::~LRScheduler() = default;

void LRScheduler::start() {
  step_count_ = 0;
  LRScheduler::step();
}

void LRScheduler::set_rates(const std::vector<double>& rates) {
  ensure(rates.size() == groups(), "get_lr: ", rates.size(), " rates for ", groups(), " parameter groups");
  for (size_t i = 0; i < rates.size(); ++i) optimizer_->group(i).set("lr", rates[i]);
  last_lr_ = rates;
}

void LRScheduler::step() {
  ++step_count_;
  ++last_epoch_;
  set_rates(get_lr());
}

void LRScheduler::step_to(int64_t epoch) {
  ++step_count_;
  last_epoch_ = epoch;
  set_rates(has_closed_form() ? closed_form() : get_lr());
}

Tree LRScheduler::state_dict() const {
  Tree t;
  t.set("base_lrs", base_lrs_);
  t.set("last_epoch", last_epoch_);
  t.set("_step_count", step_count_);
  t.set("_last_lr", last_lr_);
  save(t);
  return t;
}

void LRScheduler::load_state_dict(const Tree& t) {
  const char* what = "the scheduler's state";
  const auto bases = t.at("base_lrs", what).numbers("base_lrs"), last = t.at("_last_lr", what).numbers("_last_lr");
  ensure(bases.size() == groups() && last.size() == groups(), "load_state_dict: the state is for ", bases.size(),
         " parameter groups, the optimizer has ", groups());
  const int64_t epoch = t.at("last_epoch", what).integer("last_epoch"), count = t.at("_step_count", what).integer("_step_count");
  restore(t);
  base_lrs_ = bases;
  last_lr_ = last;
  last_epoch_ = epoch;
  step_count_ = count;
}

}  // namespace deepseek::optim::lr_scheduler
