// The base of all optimisers: parameter groups with options, state per parameter, state_dict in torch's shape.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "deepseek/files/tree.h"
#include "deepseek/graph/tensor.h"

namespace deepseek::optim {

// Options of a group by name: numbers, bools, pairs such as betas. Code other than the optimiser may add its own entries.
using Options = std::map<std::string, Tree>;

struct ParamGroup {
  TensorList params;
  Options options;

  double number(const std::string& name) const;
  bool flag(const std::string& name) const;
  std::pair<double, double> pair(const std::string& name) const;
  bool has(const std::string& name) const { return options.count(name) != 0; }
  void set(const std::string& name, Tree value) { options[name] = std::move(value); }
};

// What an optimiser remembers about one parameter.
struct ParamState {
  double step = 0;  // updates so far
  std::map<std::string, Tensor> tensors;
  std::map<std::string, double> numbers;
};

// Numbers of one group that change from step to step, as operands of the update. Parameters of one type share the handle.
class Factors {
 public:
  Factors(const ParamGroup& group, DType dtype) : group_(group), dtype_(dtype) {}
  Tensor operator()(double v) const;
  double number(const char* name) const { return group_.number(name); }
  const ParamGroup& group() const { return group_; }

 private:
  const ParamGroup& group_;
  DType dtype_;
  mutable std::vector<std::pair<uint64_t, Tensor>> made_;  // by bits, so that NaN is a number like others
};

class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Records the update of every parameter that has a gradient. It is computed, with everything else that is pending, when a value
  // is asked for, at the next zero_grad() or at the next step(), whichever comes first: zero_grad() lets go of the gradients, so
  // that each can die as soon as its parameter is updated. The closure, when given, is called first with gradients on; its result
  // is returned.
  Tensor step(const std::function<Tensor()>& closure = {});
  void zero_grad(bool set_to_none = true);
  void add_param_group(ParamGroup group);

  // By reference that stays valid: groups are never removed.
  const std::vector<std::unique_ptr<ParamGroup>>& param_groups() const { return groups_; }
  ParamGroup& group(size_t i = 0) { return *groups_.at(i); }
  ParamState& state(const Tensor& param);  // KeyError for a tensor that is no parameter
  const Options& defaults() const { return defaults_; }

  // {"state": {0: {"step": 1, "exp_avg": ...}, ...}, "param_groups": [{"lr": ..., "params": [0, 1]}]}
  Tree state_dict() const;
  // Tensors are copied; numbers of parameters and groups must match.
  void load_state_dict(const Tree& dict);

  // How the type is called in errors and in repr.
  virtual std::string name() const { return "Optimizer"; }
  std::string repr() const;

 protected:
  Optimizer(std::vector<ParamGroup> groups, Options defaults);

  // Records the update of one parameter. `param` and `grad` are of the type in which the update is computed (float32 for 16-bit
  // parameters) and `grad` has its sign changed when maximising; the returned tensor is the new value.
  virtual Tensor update(const Tensor& param, const Tensor& grad, ParamState& state, const Factors& f);
  // Raises for options out of range; called for every group that is added.
  virtual void check(const ParamGroup& group) const;

  // For the end of a constructor, where check() is already the derived one.
  void check_groups() const {
    for (const auto& g : groups_) check(*g);
  }

  // State tensors are zeros of the parameter's shape when first asked for, already computed: the first step then has the same
  // plan as all others.
  static Tensor& slot(ParamState& state, const char* name, const Tensor& like, double fill = 0);

 private:
  void update_group(const ParamGroup& group);
  void compute_last_step();
  bool step_pending_ = false;
  std::vector<std::unique_ptr<ParamGroup>> groups_;
  Options defaults_;
  std::unordered_map<const TensorImpl*, ParamState> states_;
};

// One group with the defaults.
std::vector<ParamGroup> one_group(const TensorList& params);

// start + weight * (end - start), from the nearer end as torch's lerp does.
Tensor lerp_to(const Tensor& start, const Tensor& end, double weight, const Factors& f);
// grad + weight_decay * param when the group has a weight decay.
Tensor decayed(const Tensor& grad, const Tensor& param, const Factors& f);

Tree pair_of(std::pair<double, double> v);  // as the tuple that torch stores

// For check(): raises unless the option is a number of at least `low` (and below `high`).
void check_at_least(const ParamGroup& group, const std::string& optimizer, const char* option, double low);
void check_below(const ParamGroup& group, const std::string& optimizer, const char* option, double low, double high);
void check_betas(const ParamGroup& group, const std::string& optimizer);

}  // namespace deepseek::optim
