#include "deepseek/optim/optimizer.h"

#include <bit>
#include <cstring>
#include <unordered_set>

#include "deepseek/graph/operators.h"
#include "deepseek/graph/rehearsal.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::optim {
namespace {

// 16-bit parameters are updated in float32, and so is their state: sums of small squares would vanish otherwise.
DType compute_type(DType t) { return size_of(t) == 2 ? DType::float32 : t; }

Tensor filled_leaf(const Shape& shape, DType dtype, double fill) {
  const Spec spec{dtype, shape};
  StorageRef storage = Storage::allocate(spec.bytes());
  const auto n = static_cast<size_t>(spec.numel());
  if (Rehearsal::current()) return Tensor::from_storage(std::move(storage), dtype, shape);  // untouched, it costs no memory
  if (fill == 0) std::memset(storage->data(), 0, static_cast<size_t>(spec.bytes()));
  else if (dtype == DType::float64) std::fill_n(reinterpret_cast<double*>(storage->data()), n, fill);
  else std::fill_n(reinterpret_cast<float*>(storage->data()), n, static_cast<float>(fill));
  return Tensor::from_storage(std::move(storage), dtype, shape);
}

}  // namespace

double ParamGroup::number(const std::string& name) const {
  auto it = options.find(name);
  if (it == options.end()) raise(ErrorKind::key, "the parameter group has no option '" + name + "'");
  return it->second.number("option '" + name + "'");
}

bool ParamGroup::flag(const std::string& name) const {
  auto it = options.find(name);
  return it != options.end() && !it->second.is_none() && it->second.boolean("option '" + name + "'");
}

std::pair<double, double> ParamGroup::pair(const std::string& name) const {
  auto it = options.find(name);
  if (it == options.end()) raise(ErrorKind::key, "the parameter group has no option '" + name + "'");
  const auto v = it->second.numbers("option '" + name + "'");
  ensure(v.size() == 2, "option '", name, "' must be two numbers, but ", v.size(), " are given");
  return {v[0], v[1]};
}

Tensor Factors::operator()(double v) const {
  const auto bits = std::bit_cast<uint64_t>(v);
  for (const auto& [key, made] : made_) {
    if (key == bits) return made;
  }
  return made_.emplace_back(bits, Tensor(scalar_value(v, dtype_))).second;
}

std::vector<ParamGroup> one_group(const TensorList& params) { return {ParamGroup{params, {}}}; }

Optimizer::Optimizer(std::vector<ParamGroup> groups, Options defaults) : defaults_(std::move(defaults)) {
  size_t count = 0;
  for (const ParamGroup& g : groups) count += g.params.size();
  ensure(count > 0, "the optimizer got no parameters. Layers make theirs at the first call: call the model once on a sample "
         "before its parameters() are taken");
  for (ParamGroup& g : groups) add_param_group(std::move(g));
}

Optimizer::~Optimizer() = default;

void Optimizer::add_param_group(ParamGroup group) {
  std::unordered_set<const TensorImpl*> seen;
  for (const auto& g : groups_) {
    for (const Tensor& p : g->params) seen.insert(p.impl());
  }
  for (const Tensor& p : group.params) {
    ensure(p.defined(), "add_param_group: a parameter is undefined");
    ensure(is_floating_point(p.dtype()), "add_param_group: parameters must be of a floating type, but one is ", name_of(p.dtype()));
    ensure(p.is_leaf(), "add_param_group: can't optimize a tensor that is the result of an op; give the leaf it was made from");
    ensure(seen.insert(p.impl()).second, "add_param_group: a parameter appears twice, in one group or in two");
  }
  for (const auto& [name, value] : defaults_) group.options.try_emplace(name, value);
  check(group);
  groups_.push_back(std::make_unique<ParamGroup>(std::move(group)));
}

void Optimizer::check(const ParamGroup&) const {}

Tensor Optimizer::update(const Tensor&, const Tensor&, ParamState&, const Factors&) {
  raise(ErrorKind::not_implemented, name() + " has no update rule: derive from it and define step()");
}

Tensor& Optimizer::slot(ParamState& state, const char* name, const Tensor& like, double fill) {
  auto [it, fresh] = state.tensors.try_emplace(name);
  if (fresh) it->second = filled_leaf(like.shape(), like.dtype(), fill);
  return it->second;
}

ParamState& Optimizer::state(const Tensor& param) {
  for (const auto& g : groups_) {
    for (const Tensor& p : g->params) {
      if (p.same(param)) return states_[param.impl()];
    }
  }
  raise(ErrorKind::key, name() + ": the tensor is not one of the optimizer's parameters");
}

void Optimizer::update_group(const ParamGroup& group) {
  std::map<DType, Factors> factors;
  const bool maximize = group.flag("maximize");
  for (const Tensor& param : group.params) {
    Tensor grad = param.grad();
    if (!grad.defined()) continue;
    const DType dtype = compute_type(param.dtype());
    ensure(grad.shape() == param.shape(), name(), ": a gradient of shape ", to_string(grad.shape()),
           " belongs to a parameter of shape ", to_string(param.shape()));
    grad = cast(grad, dtype);
    if (maximize) grad = -grad;
    ParamState& state = states_[param.impl()];
    state.step += 1;
    const Factors& f = factors.try_emplace(dtype, group, dtype).first->second;
    Tensor target = param;
    target.assign(update(cast(param, dtype), grad, state, f));
  }
}

Tensor Optimizer::step(const std::function<Tensor()>& closure) {
  compute_last_step();
  if (Rehearsal* rehearsal = Rehearsal::current()) {
    rehearsal->on_end([this, states = states_] { states_ = states, step_pending_ = false; });
  }
  Tensor loss;
  if (closure) {
    EnableGradGuard grad;
    loss = closure();
  }
  {
    NoGradGuard no_grad;
    for (const auto& group : groups_) update_group(*group);
  }
  step_pending_ = true;
  return loss;
}

void Optimizer::compute_last_step() {
  if (!step_pending_) return;
  step_pending_ = false;
  evaluate_pending_writes();
}

void Optimizer::zero_grad(bool set_to_none) {
  NoGradGuard no_grad;
  for (const auto& group : groups_) {
    for (Tensor param : group->params) {
      Tensor grad = param.grad();
      if (!grad.defined()) continue;
      param.set_grad(set_to_none ? Tensor() : filled_leaf(grad.shape(), grad.dtype(), 0));
    }
  }
  compute_last_step();
}

std::string Optimizer::repr() const {
  std::string out = name() + " (";
  for (size_t i = 0; i < groups_.size(); ++i) {
    out += concat("\nParameter Group ", i, "\n");
    for (const auto& [key, value] : groups_[i]->options) {
      out += concat("    ", key, ": ");
      if (const auto* b = std::get_if<bool>(&value.variant())) out += *b ? "True" : "False";
      else if (value.is_none()) out += "None";
      else if (value.is<double>() || value.is<int64_t>()) out += concat(value.number(key));
      else if (value.is<std::string>()) out += value.string(key);
      else if (value.is<TreeTuple>() || value.is<TreeList>()) {
        out += '(';
        const auto numbers = value.numbers(key);
        for (size_t k = 0; k < numbers.size(); ++k) out += concat(k ? ", " : "", numbers[k]);
        out += ')';
      } else out += concat(value.kind());
      out += '\n';
    }
  }
  return out + ")";
}

Tensor lerp_to(const Tensor& start, const Tensor& end, double weight, const Factors& f) {
  if (weight < 0.5) return start + f(weight) * (end - start);
  return end - (end - start) * f(1 - weight);
}

Tensor decayed(const Tensor& grad, const Tensor& param, const Factors& f) {
  const double decay = f.number("weight_decay");
  return decay == 0 ? grad : grad + f(decay) * param;
}

Tree pair_of(std::pair<double, double> v) { return TreeTuple{{v.first, v.second}}; }

void check_at_least(const ParamGroup& group, const std::string& optimizer, const char* option, double low) {
  const double v = group.number(option);
  ensure(v >= low, optimizer, ": ", option, " must be at least ", low, ", but it is ", v);
}

void check_below(const ParamGroup& group, const std::string& optimizer, const char* option, double low, double high) {
  const double v = group.number(option);
  ensure(v >= low && v < high, optimizer, ": ", option, " must be in [", low, ", ", high, "), but it is ", v);
}

void check_betas(const ParamGroup& group, const std::string& optimizer) {
  const auto [a, b] = group.pair("betas");
  ensure(a >= 0 && a < 1 && b >= 0 && b < 1, optimizer, ": betas must be in [0, 1), but they are (", a, ", ", b, ")");
}

}  // namespace deepseek::optim
