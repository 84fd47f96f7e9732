#include "deepseek/nn/model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "deepseek/autograd/grad.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/random/generator.h"

namespace deepseek::nn {
namespace {

// Where an operand of a step comes from.
struct Source {
  enum class Kind : uint8_t { slot, constant, random_key, scalar };
  Kind kind = Kind::constant;
  int slot = -1;
  Tensor constant;
  double multiple = 0;  // scalar: its value per unit of the batch size
  bool reciprocal = false;
};

// Ops that draw take a key as a 0-d integer; each replay draws a new one.
bool draws(const Op& op) { return op.info.name.starts_with("random_") || op.info.name == "dropout"; }

// A number computed from the open batch size, such as the count of a mean.
bool follows_batch(const Tensor& t, Source& s) {
  const Node& node = *t.value().node;
  if (!node.is_leaf() || t.rank() != 0) return false;
  const double v = t.item();
  const double batch = static_cast<double>(open_batch);
  if (v == 0 || !std::isfinite(v)) return false;
  if (std::fmod(v, batch) == 0) return s.multiple = v / batch, true;
  const double inverse = 1 / v, count = std::nearbyint(inverse / batch);
  if (count == 0 || std::abs(inverse - count * batch) > 1e-9 * std::abs(inverse)) return false;
  return s.multiple = count, s.reciprocal = true, true;
}

Tensor scalar_for(const Source& s, int64_t batch) {
  const double v = s.multiple * static_cast<double>(batch), value = s.reciprocal ? 1 / v : v;
  const DType dtype = s.constant.dtype();
  Tensor t(is_floating_point(dtype) ? scalar_value(value, dtype) : scalar_value(static_cast<int64_t>(value), dtype));
  t.value().node->weak = s.constant.value().node->weak;
  return t;
}

// Attributes of an op outside a node.
class Attributes {
 public:
  Attributes(const Op* op, const void* from) : op_(op), memory_(op->attr_size / sizeof(std::max_align_t) + 1) {
    op->copy(data(), from);
  }
  ~Attributes() {
    if (op_->destroy) op_->destroy(data());
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  void* data() { return memory_.data(); }

 private:
  const Op* op_;
  std::vector<std::max_align_t> memory_;
};

std::string snake_case(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool starts_word = std::isupper(c) && i > 0 && !std::isupper(name[i - 1]) && i + 1 < name.size() && std::islower(name[i + 1]);
    if (starts_word && out.back() != '_') out += '_';
    out += static_cast<char>(std::tolower(c));
  }
  return out;
}

using Key = std::pair<const Node*, int>;

}  // namespace

struct Model::Step {
  Ref<Node> node;
  const ModuleCall* call = nullptr;
  std::vector<Source> inputs;
  int first_slot = 0;
};

Model::~Model() = default;

Model::Model(TensorList inputs, TensorList outputs) : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
  ensure(!inputs_.empty() && !outputs_.empty(), "Model: needs at least one input and one output");
  for (const Tensor& t : inputs_) {
    ensure(is_symbolic(t), "Model: inputs must be symbolic tensors made by deepseek.Input");
  }
  for (const Tensor& t : outputs_) {
    ensure(is_symbolic(t), "Model: an output does not depend on a symbolic input (deepseek.Input); it is an ordinary tensor of shape ",
           t.defined() ? to_string(t.shape()) : "()");
  }
  collect();
  name_children();
}

// Finds the nodes between inputs and outputs in an order that computes operands first.
void Model::collect() {
  std::map<Key, int> slots;
  for (const Tensor& t : inputs_) {
    const Value v = t.value();
    ensure(slots.emplace(Key{v.node.get(), v.index}, slots_).second, "Model: the same input is given twice");
    ++slots_;
  }
  std::unordered_set<const Node*> done;
  std::unordered_map<const TensorImpl*, std::string> own;
  auto replayed = [&](const Value& v) {
    if (slots.contains({v.node.get(), v.index})) return false;
    return v.node->symbolic || (v.node->requires_grad && !v.node->grad_leaf && !v.node->inputs().empty());
  };
  auto source = [&](const Op& op, const Value& v) {
    Source s;
    if (auto it = slots.find({v.node.get(), v.index}); it != slots.end()) {
      s.kind = Source::Kind::slot, s.slot = it->second;
      return s;
    }
    s.constant = Tensor(v);
    if (v.node->grad_leaf && v.node->grad_meta && !v.node->grad_meta->receivers.empty()) {
      // The user's own parameter: its handle, so that later values are seen, and a name so that it is trained.
      s.constant = Tensor(Ref<TensorImpl>(v.node->grad_meta->receivers[0].tensor));
      if (auto [it, fresh] = own.try_emplace(s.constant.impl()); fresh) {
        it->second = own.size() == 1 ? "parameter" : concat("parameter_", own.size() - 1);
        register_parameter(it->second, s.constant);
      }
    } else if (draws(op) && v.node->is_leaf() && v.spec().rank() == 0 && v.spec().dtype == DType::int64) {
      s.kind = Source::Kind::random_key;
    } else if (follows_batch(s.constant, s)) {
      s.kind = Source::Kind::scalar;
    }
    return s;
  };

  std::vector<std::pair<Ref<Node>, size_t>> stack;
  auto push = [&](const Value& v) {
    if (replayed(v) && done.insert(v.node.get()).second) stack.emplace_back(v.node, 0);
  };
  for (const Tensor& t : outputs_) {
    push(t.value());
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (is_placeholder(*node)) {
        raise_value("Model: an output depends on an Input of shape ", symbolic_shape(node->spec().shape),
                    " that is not among the model's inputs");
      }
      if (next < node->inputs().size()) {
        const Value v = node->inputs()[next++];
        push(v);
        continue;
      }
      Step step;
      step.node = node;
      step.call = module_call_of(*node);
      for (const Value& v : node->inputs()) step.inputs.push_back(source(*node->op, v));
      step.first_slot = slots_;
      for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) slots[{node.get(), i}] = slots_++;
      steps_.push_back(std::move(step));
      stack.pop_back();
    }
    const Value v = t.value();
    output_slots_.push_back(slots.at({v.node.get(), v.index}));
  }
}

void Model::name_children() {
  std::vector<const ModuleCall*> calls;
  for (const Step& s : steps_) {
    if (s.call) calls.push_back(s.call);
  }
  std::sort(calls.begin(), calls.end(), [](auto* a, auto* b) { return a->order < b->order; });
  std::unordered_set<const Module*> named;
  std::unordered_map<std::string, int> used;
  for (const ModuleCall* c : calls) {
    if (!named.insert(c->module.get()).second) continue;
    const std::string base = snake_case(c->module->type_name());
    const int n = used[base]++;
    register_module(n ? concat(base, "_", n) : base, c->module);
  }
}

std::string Model::extra_repr() const {
  auto listed = [](const TensorList& tensors) {
    std::string out;
    for (const Tensor& t : tensors) out += (out.empty() ? "" : ", ") + symbolic_shape(t.shape());
    return out;
  };
  return listed(inputs_) + " -> " + listed(outputs_);
}

TensorList Model::run(const Step& step, TensorList in, int64_t batch) const {
  if (step.call) return step.call->run(*step.call->module, in);
  const Op* op = step.node->op;
  Attributes attributes(op, step.node->attrs());
  if (op->resize) op->resize(attributes.data(), open_batch, batch);
  std::vector<const Tensor*> operands;
  for (const Tensor& t : in) operands.push_back(&t);
  Ref<Node> node = deepseek::detail::record_inferred(op, attributes.data(), operands);
  TensorList out;
  for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) {
    out.emplace_back(Value{node, i});
    const Shape expected = with_batch(step.node->spec(i), batch).shape;
    ensure(out.back().shape() == expected, "Model: ", op->info.name, " was recorded with a shape that does not follow the batch size: ",
           "for ", batch, " samples it gives ", to_string(out.back().shape()), ", expected ", to_string(expected));
  }
  if (op->kind == OpKind::view) in[0].impl()->attach_view(*out[0].impl());
  return out;
}

TensorList Model::forward_many(const TensorList& inputs) {
  if (inputs.size() != inputs_.size()) {
    raise_type(type_name(), ": takes ", inputs_.size(), inputs_.size() == 1 ? " input" : " inputs", ", but ", inputs.size(), " are given");
  }
  int64_t batch = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape &want = inputs_[i].shape(), &got = inputs[i].shape();
    bool fits = want.size() == got.size();
    for (int d = 0; fits && d < want.size(); ++d) {
      const bool open = want[d] != 0 && want[d] % open_batch == 0;
      fits = open ? got[d] % (want[d] / open_batch) == 0 : got[d] == want[d];
      if (!open || !fits) continue;
      const int64_t n = got[d] / (want[d] / open_batch);
      ensure(batch < 0 || n == batch, type_name(), ": all inputs must have the same batch size, but have ", batch, " and ", n);
      batch = n;
    }
    ensure(fits, type_name(), ": input ", i, " must be ", symbolic_shape(want), ", but is ", symbolic_shape(got));
  }
  TensorList values(static_cast<size_t>(slots_));
  std::copy(inputs.begin(), inputs.end(), values.begin());
  std::unordered_map<const Node*, Tensor> keys;
  for (const Step& step : steps_) {
    TensorList in;
    in.reserve(step.inputs.size());
    for (const Source& s : step.inputs) {
      if (s.kind == Source::Kind::slot) in.push_back(values[static_cast<size_t>(s.slot)]);
      else if (s.kind == Source::Kind::constant) in.push_back(s.constant);
      else if (s.kind == Source::Kind::scalar) in.push_back(batch < 0 ? s.constant : scalar_for(s, batch));
      else {
        Tensor& key = keys[s.constant.value().node.get()];
        if (!key.defined()) key = modes.shape_only ? s.constant : next_random_key();
        in.push_back(key);
      }
    }
    TensorList out = run(step, std::move(in), batch < 0 ? open_batch : batch);
    DEEPSEEK_CHECK(out.size() == step.node->outputs().size(), "outputs of a layer changed");
    std::move(out.begin(), out.end(), values.begin() + step.first_slot);
  }
  TensorList out;
  for (int slot : output_slots_) out.push_back(values[static_cast<size_t>(slot)]);
  return out;
}

Ref<Model> Model::clone(const std::function<Ref<Module>(Module&)>& replacement) const {
  TensorList values(static_cast<size_t>(slots_)), inputs, outputs;
  for (size_t i = 0; i < inputs_.size(); ++i) inputs.push_back(values[i] = probe(inputs_[i].spec()));
  for (const Step& step : steps_) {
    TensorList in;
    for (const Source& s : step.inputs) in.push_back(s.kind == Source::Kind::slot ? values[static_cast<size_t>(s.slot)] : s.constant);
    TensorList out = step.call ? repeat_call(*step.call, *replacement(*step.call->module), in) : run(step, std::move(in), open_batch);
    std::move(out.begin(), out.end(), values.begin() + step.first_slot);
  }
  for (int slot : output_slots_) outputs.push_back(values[static_cast<size_t>(slot)]);
  return make<Model>(std::move(inputs), std::move(outputs));
}

}  // namespace deepseek::nn
