#include "deepseek/nn/symbolic.h"

#include <atomic>
#include <mutex>

#include "deepseek/ops/op.h"

namespace deepseek::nn {
namespace {

struct Placeholder : KernelOp {
  static constexpr OpInfo info{.name = "input"};
  Dims shape;
  static constexpr auto attrs = std::tuple{&Placeholder::shape};
  static constexpr NotDifferentiable gradient{"a symbolic tensor has no value"};
  Spec infer(Specs) const { return {DType::float32, shape}; }
  void cpu(const KernelArgs&) const { raise_internal("no value", __FILE__, __LINE__, "a placeholder was computed"); }
};

struct LayerCall : KernelOp {
  static constexpr OpInfo info{.name = "layer"};
  std::shared_ptr<const ModuleCall> call;
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient{"a symbolic tensor has no value"};
  void infer(Specs, std::vector<Spec>& out) const { out = call->outputs; }
  void cpu(const KernelArgs&) const { raise_internal("no value", __FILE__, __LINE__, "a recorded layer call was computed"); }
};

}  // namespace

Tensor probe(const Spec& spec) {
  Placeholder op;
  op.shape = spec.shape;
  Ref<Node> node = Node::create(op_of<Placeholder>(), &op, {}, std::span<const Spec>(&spec, 1));
  node->symbolic = true;
  open_sizes_exist = true;
  return Tensor(Value{node, 0});
}

Tensor Input(const Shape& shape, DType dtype, std::optional<int64_t> batch_size) {
  ensure(!batch_size || *batch_size >= 0, "Input: batch_size must not be negative, but is ", batch_size.value_or(0));
  for (int64_t n : shape) ensure(n >= 0, "Input: sizes must not be negative, but shape is ", to_string(shape));
  Spec spec{dtype, {}};
  spec.shape.push_back(batch_size.value_or(open_batch));
  for (int64_t n : shape) spec.shape.push_back(n);
  return probe(spec);
}

bool is_symbolic(const Tensor& t) { return t.defined() && t.value().node->symbolic; }

bool any_symbolic(const TensorList& tensors) {
  for (const Tensor& t : tensors) {
    if (is_symbolic(t)) return true;
  }
  return false;
}

Spec with_batch(Spec spec, int64_t batch) {
  for (int64_t& n : spec.shape) {
    if (n % open_batch == 0) n = n / open_batch * batch;
  }
  return spec;
}

std::string symbolic_shape(const Shape& shape) {
  std::string out = "(";
  for (int i = 0; i < shape.size(); ++i) {
    if (i) out += ", ";
    const int64_t n = shape[i];
    const std::string open = name_of_open_size(n);
    out += open.empty() ? std::to_string(n) : open;
  }
  return out + (shape.size() == 1 ? ",)" : ")");
}

namespace {

// The calls that tensors still hold.
class Calls {
 public:
  static Calls& all() {
    static Calls& calls = *new Calls;
    return calls;
  }
  void add(const std::shared_ptr<ModuleCall>& call) {
    std::lock_guard lock(mutex_);
    if (calls_.size() >= next_sweep_) {
      std::erase_if(calls_, [](const auto& c) { return c.expired(); });
      next_sweep_ = 2 * calls_.size() + 64;
    }
    calls_.push_back(call);
  }
  void forget() {
    std::vector<std::weak_ptr<ModuleCall>> calls;
    {
      std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& c : calls) {
      if (const std::shared_ptr<ModuleCall> call = c.lock()) {
        call->run = nullptr;
        call->module = {};
      }
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<ModuleCall>> calls_;
  size_t next_sweep_ = 64;
};

TensorList record_known(std::shared_ptr<const ModuleCall> call, const TensorList& inputs) {
  std::vector<Value> values;
  for (const Tensor& t : inputs) values.push_back(t.value());
  const std::vector<Spec> specs = call->outputs;
  LayerCall op;
  op.call = std::move(call);
  Ref<Node> node = Node::create(op_of<LayerCall>(), &op, values, specs);
  node->symbolic = true;
  node->line = current_source_line();
  TensorList out;
  for (int i = 0; i < static_cast<int>(specs.size()); ++i) out.emplace_back(Value{node, i});
  return out;
}

}  // namespace

void forget_calls() { Calls::all().forget(); }

TensorList record_call(Module& module, const TensorList& inputs, ModuleCall::Run run) {
  static std::atomic<uint64_t> counter{0};
  auto call = std::make_shared<ModuleCall>();
  Calls::all().add(call);
  call->module = Ref<Module>(&module);
  call->order = counter.fetch_add(1);
  call->run = std::move(run);
  {
    NoGradGuard no_grad;
    ScopedMode shape_only(modes.shape_only, true);
    TensorList probes;
    for (const Tensor& t : inputs) probes.push_back(probe(t.spec()));
    for (const Tensor& out : call->run(module, probes)) {
      ensure(out.defined(), module.type_name(), ": a layer of a functional model must return tensors");
      call->outputs.push_back(out.spec());
    }
  }
  return record_known(std::move(call), inputs);
}

TensorList repeat_call(const ModuleCall& call, Module& module, const TensorList& inputs) {
  auto copy = std::make_shared<ModuleCall>(call);
  copy->module = Ref<Module>(&module);
  Calls::all().add(copy);
  return record_known(std::move(copy), inputs);
}

const ModuleCall* module_call_of(const Node& node) {
  return node.op == op_of<LayerCall>() ? node.attrs_as<LayerCall>().call.get() : nullptr;
}

bool is_placeholder(const Node& node) { return node.op == op_of<Placeholder>(); }

}  // namespace deepseek::nn
