#include "deepseek/autograd/walk.h"

#include "deepseek/autograd/anomaly.h"
#include "deepseek/autograd/conform.h"
#include "deepseek/graph/lock.h"
#include "deepseek/graph/rehearsal.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/op.h"
#include "deepseek/tensor/autocast_mode.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek::autograd {

// Memory of a walk, reused by the next one of the thread. A hook may start a walk inside a walk, which takes another.
struct Walk::Scratch {
  struct Frame {
    Node* node;
    int next;
    bool is_target;
  };
  struct Step {
    Ref<Node> node;  // held: user code in hooks may drop the graph
    int32_t slot;    // gradient of output 0
    int32_t edge;    // first of one entry per input; -1 when no input is wanted
    bool is_target;
    int32_t captures;  // the target that a leaf is, or -1; hooks and other threads may start walks that mark it anew
  };
  std::vector<Frame> stack;
  std::vector<Step> steps;     // inputs before users
  std::vector<int32_t> edges;  // slot that the gradient of an input adds to, or -1
  TensorList slots;
  TensorList results;

  void clear() {
    stack.clear();
    steps.clear();
    edges.clear();
    slots.clear();
    results.clear();
  }
  static std::vector<std::unique_ptr<Scratch>>& spare() {
    static thread_local std::vector<std::unique_ptr<Scratch>> scratches;
    return scratches;
  }
};

namespace {

bool on_tape(const Value& v) { return v.node->requires_grad && is_floating_point(v.spec().dtype); }

[[noreturn]] void raise_freed(std::string_view caller, const Node& node) {
  raise_runtime(caller, ": the graph through ", node.op->info.name,
                " was freed by an earlier backward; give retain_graph=True to the earlier call to walk it again",
                origin_of(node));
}

}  // namespace

Walk::Walk(std::string_view caller, bool retain_graph, bool create_graph)
    : caller_(caller), retain_graph_(retain_graph), create_graph_(create_graph) {
  auto& spare = Scratch::spare();
  if (spare.empty()) {
    scratch_ = std::make_unique<Scratch>();
  } else {
    scratch_ = std::move(spare.back());
    spare.pop_back();
  }
}

Walk::~Walk() {
  scratch_->clear();
  Scratch::spare().push_back(std::move(scratch_));
}

void Walk::restrict_to(const TensorList& targets) {
  restricted_ = true;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].defined()) raise_value(caller_, ": input ", i, " is undefined");
    Value v = targets[i].value();
    if (!on_tape(v)) {
      raise_runtime(caller_, ": input ", i, ", ", to_string(v.spec()), ", does not require grad");
    }
    targets_.push_back({std::move(v)});
  }
}

TensorList Walk::run(const TensorList& outputs, const TensorList& gradients) {
  check_outputs(outputs, gradients);
  std::vector<Value> roots;
  for (const Tensor& t : outputs) roots.push_back(t.value());
  Scratch& s = *scratch_;
  ScopedMode<bool> grad_mode(modes.grad, create_graph_);
  ScopedMode<bool> own_types(autocast_mode.on, false);  // rules compute in the types that the forward pass had
  {
    const auto lock = lock_graph();
    sort(roots);
    seed(roots, gradients);
  }
  TensorList captured(targets_.size());
  for (size_t i = s.steps.size(); i-- > 0;) visit(i, captured);
  for (size_t i = 0; i < targets_.size(); ++i) {
    const Target& t = targets_[i];
    if (t.slot >= 0) captured[i] = s.slots[static_cast<size_t>(t.slot)];
    if (t.first >= 0) captured[i] = captured[static_cast<size_t>(t.first)];
    if (captured[i].defined()) captured[i] = Tensor(detached(captured[i]).value());
  }
  if (!retain_graph_) free_tape();
  return captured;
}

void Walk::check_outputs(const TensorList& outputs, const TensorList& gradients) {
  ensure(!outputs.empty(), caller_, ": no outputs are given");
  ensure(gradients.empty() || gradients.size() == outputs.size(), caller_, ": ", outputs.size(),
         " outputs need as many gradients, but ", gradients.size(), " are given");
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined()) raise_value(caller_, ": output ", i, " is undefined");
    const Value v = outputs[i].value();
    if (v.node->symbolic) raise_value(caller_, ": output ", i, " is symbolic: it has a shape but no value to differentiate");
    if (!on_tape(v)) {
      raise_runtime(caller_, ": output ", i, ", ", to_string(v.spec()), " from ", v.node->op->info.name,
                    ", does not require grad: no tensor it was computed from does, or it was detached or recorded under ",
                    "no_grad",
                    origin_of(*v.node));
    }
    const Tensor g = gradients.empty() ? Tensor() : gradients[i];
    if (!g.defined()) {
      if (v.spec().numel() != 1) {
        raise_runtime(caller_, ": a gradient can be left out for one-element outputs only, but output ", i, " is ",
                      to_string(v.spec()), "; reduce it first, e.g. with sum(), or give a gradient", origin_of(*v.node));
      }
    } else if (g.shape() != v.spec().shape) {
      raise_runtime(caller_, ": gradient ", i, " must have the shape of its output, but is ", to_string(g.shape()),
                    " and the output is ", to_string(v.spec().shape));
    }
  }
}

// Depth-first without recursion: graphs may be hundreds of thousands of nodes deep.
void Walk::sort(std::span<const Value> roots) {
  Scratch& s = *scratch_;
  if (restricted_) {
    target_mark_ = next_mark();
    for (size_t i = 0; i < targets_.size(); ++i) {
      Node& node = *targets_[i].value.node;
      if (!node.grad_leaf) {
        node.mark = target_mark_;
      } else if (GradMeta& meta = grad_meta(node); meta.mark == target_mark_) {
        targets_[i].first = meta.mark_index;
      } else {
        meta.mark = target_mark_;
        meta.mark_index = static_cast<int32_t>(i);
      }
    }
  }
  mark_ = next_mark();
  for (const Value& root : roots) {
    if (root.node->mark != mark_) enter(*root.node);
    while (!s.stack.empty()) {
      Scratch::Frame& frame = s.stack.back();
      Node& node = *frame.node;
      const std::span<Value> inputs = node.inputs();
      const int n = node.grad_leaf ? 0 : static_cast<int>(inputs.size());
      Node* next = nullptr;
      while (frame.next < n && !next) {
        const Value& v = inputs[static_cast<size_t>(frame.next++)];
        if (v.node->mark != mark_ && on_tape(v)) next = v.node.get();
      }
      if (next) {
        enter(*next);
      } else {
        finish(node, frame.is_target);
        s.stack.pop_back();
      }
    }
  }
  for (Target& t : targets_) {
    const Node& node = *t.value.node;
    if (!node.grad_leaf && node.mark == mark_ && node.mark_index >= 0) t.slot = node.mark_index + t.value.index;
  }
}

void Walk::enter(Node& node) {
  if (node.tape_freed && !node.grad_leaf) raise_freed(caller_, node);
  scratch_->stack.push_back({&node, 0, restricted_ && node.mark == target_mark_});
  node.mark = mark_;
  node.mark_index = -1;
}

bool Walk::leads_to_receiver(const Node& node) const {
  const GradMeta* meta = node.grad_meta.get();
  if (!meta) return false;
  if (restricted_) return node.grad_leaf && meta->mark == target_mark_;
  return !meta->receivers.empty() || !meta->hooks.empty();
}

// All inputs are done. Nodes that lead nowhere stay out, with mark_index -1.
void Walk::finish(Node& node, bool is_target) {
  Scratch& s = *scratch_;
  const int32_t first_edge = static_cast<int32_t>(s.edges.size());
  bool wanted = false;
  if (!node.grad_leaf) {
    for (const Value& v : std::as_const(node).inputs()) {
      const bool counts = on_tape(v) && v.node->mark_index >= 0;
      s.edges.push_back(counts ? v.node->mark_index + v.index : -1);
      wanted |= counts;
    }
    if (!wanted) s.edges.resize(static_cast<size_t>(first_edge));
  }
  if (!wanted && !is_target && !leads_to_receiver(node)) return;
  if (wanted && !node.op->gradient) {
    raise_runtime(caller_, ": ", node.op->info.name, " has no gradient: ", node.op->not_differentiable, origin_of(node));
  }
  node.mark_index = static_cast<int32_t>(s.slots.size());
  s.slots.resize(s.slots.size() + node.outputs().size());
  const int32_t captures = restricted_ && leads_to_receiver(node) ? node.grad_meta->mark_index : -1;
  s.steps.push_back({Ref<Node>(&node), node.mark_index, wanted ? first_edge : -1, is_target, captures});
}

void Walk::seed(std::span<const Value> roots, const TensorList& gradients) {
  for (size_t i = 0; i < roots.size(); ++i) {
    const Value& v = roots[i];
    if (v.node->mark_index < 0) continue;
    Tensor& slot = scratch_->slots[static_cast<size_t>(v.node->mark_index + v.index)];
    Tensor g = gradients.empty() ? Tensor() : gradients[i];
    if (!g.defined()) {
      g = filled(v.spec().shape, Tensor(scalar_value(1.0, v.spec().dtype)));
    } else {
      g = cast(detached(std::move(g)), v.spec().dtype);
    }
    slot = slot.defined() ? slot + g : g;
  }
}

void Walk::visit(size_t position, TensorList& captured) {
  Scratch& s = *scratch_;
  const Scratch::Step& step = s.steps[position];
  Node& node = *step.node;
  Tensor* gradients = &s.slots[static_cast<size_t>(step.slot)];
  const size_t n = node.outputs().size();
  bool any = false;
  for (size_t i = 0; i < n; ++i) any |= gradients[i].defined();
  if (!any) return;
  if (GradMeta* meta = node.grad_meta.get()) {
    const Ref<GradMeta> hold(meta);
    run_hooks(*meta, gradients);
    if (!restricted_) {
      const auto lock = lock_graph();  // walks of several threads may end in one parameter
      for (const GradMeta::Receiver& r : meta->receivers) {
        if (gradients[r.output].defined()) accumulate(*r.tensor, gradients[r.output], create_graph_);
      }
    } else if (step.captures >= 0 && gradients[0].defined()) {
      Tensor& c = captured[static_cast<size_t>(step.captures)];
      c = c.defined() ? c + gradients[0] : gradients[0];
    }
  }
  if (step.edge >= 0) run_rule(position);
  if (!step.is_target) std::fill_n(gradients, n, Tensor());
}

void Walk::run_rule(size_t position) {
  Scratch& s = *scratch_;
  const Scratch::Step& step = s.steps[position];
  Node& node = *step.node;
  if (node.tape_freed) raise_freed(caller_, node);  // by a walk that a hook started
  const size_t n = node.inputs().size();
  s.results.resize(std::max(s.results.size(), n));
  SourceLine line = node.line;
  line.backward = true;
  const OriginScope origin(line, node.layer);
  Grad g(node, &s.slots[static_cast<size_t>(step.slot)], s.results.data());
  node.op->gradient(node.attrs(), g);
  for (size_t i = 0; i < n; ++i) {
    Tensor result = std::move(s.results[i]);
    s.results[i] = Tensor();
    const int32_t edge = s.edges[static_cast<size_t>(step.edge) + i];
    if (edge < 0 || !result.defined()) continue;
    conform(result, node.inputs()[i].spec(), node.op->info.name);
    Tensor& slot = s.slots[static_cast<size_t>(edge)];
    slot = slot.defined() ? slot + result : std::move(result);
  }
}

void Walk::run_hooks(GradMeta& meta, Tensor* gradients) {
  if (meta.hooks.empty()) return;
  const std::vector<GradMeta::Hook> hooks = meta.hooks;  // a hook may remove itself
  for (const GradMeta::Hook& hook : hooks) {
    Tensor& g = gradients[hook.output];
    if (!g.defined()) continue;
    Tensor replaced = hook.call(Tensor(g.value()));
    if (!replaced.defined()) continue;
    if (replaced.shape() != g.shape()) {
      raise_value("hook: the returned gradient must have the shape of the tensor, but is ", to_string(replaced.shape()),
                  " and the tensor is ", to_string(g.shape()));
    }
    g = cast(detached(std::move(replaced)), g.dtype());
  }
}

void Walk::free_tape() {
  const auto lock = lock_graph();
  for (const Scratch::Step& step : scratch_->steps) {
    Node& node = *step.node;
    if (node.grad_leaf || step.edge < 0) continue;
    node.tape_freed = true;
    if (node.computed) node.drop_inputs();
  }
}

// What a walk without create_graph hands out is not on the tape, even where a seed or a hook's result was.
Tensor Walk::detached(Tensor g) const { return !create_graph_ && g.requires_grad() ? g.detach() : g; }

void accumulate(TensorImpl& tensor, const Tensor& g, bool create_graph) {
  // A handle that nobody else writes through.
  if (Rehearsal* rehearsal = Rehearsal::current()) rehearsal->changes_gradient(tensor);
  Tensor value(!create_graph && g.requires_grad() ? g.detach().value() : g.value());
  if (!tensor.grad.defined()) {
    tensor.grad = std::move(value);
  } else if (create_graph) {
    tensor.grad = tensor.grad + value;
  } else {
    const NoGradGuard no_grad;
    tensor.grad.assign(tensor.grad + value);
  }
}

}  // namespace deepseek::autograd
