// Computes what is asked for: walk, plan (cached), run, and the graph afterwards.
#include <memory>
#include <optional>
#include <utility>

#include "deepseek/autograd/anomaly.h"
#include "deepseek/graph/lock.h"
#include "deepseek/graph/pending_writes.h"
#include "deepseek/graph/rehearsal.h"
#include "deepseek/ops/op.h"
#include "deepseek/runtime/run.h"
#include "deepseek/scheduler/budget.h"
#include "deepseek/scheduler/cache.h"

namespace deepseek {
namespace {

using scheduler::PlanCache;
using scheduler::Walk;

// A run of some tens of microseconds: others get Python's lock meanwhile.
constexpr int64_t long_bytes = 128 << 10;

void compute(const Walk& walk) {
  const std::shared_ptr<scheduler::Plan> plan = PlanCache::instance().find_or_make(walk);
  if (Rehearsal* rehearsal = Rehearsal::current()) rehearsal->planned(plan);
  int failed = 0;
  try {
    std::optional<BlockingScope> blocking;
    if (plan->bytes > long_bytes) blocking.emplace();
    runtime::run(*plan, walk, failed);
  } catch (const OutOfBudget&) {
    throw;
  } catch (const Error& e) {
    throw Error(e.kind(), e.what() + autograd::origin_of(*walk.order[static_cast<size_t>(failed)]));
  }
}

// Memory of an evaluation, reused by the next one of the thread. On the heap: a shared library has little thread-local memory.
struct Spare {
  Walk walk;
  std::vector<Value> roots;
  std::vector<Node*> befores;
  std::vector<Ref<Node>> kept;
  bool busy = false;

  static Spare& of_this_thread() {
    static thread_local const auto spare = std::make_unique<Spare>();
    return *spare;
  }
};

void finish(Node& n) {
  const bool on_tape = n.requires_grad && !n.tape_freed && !n.grad_leaf;
  if (!on_tape) n.drop_inputs();
}

// Kept nodes are computed now; what only led to them goes away with their inputs.
void settle(const Walk& walk) {
  if (walk.order.size() == 1) {  // the root, which the caller holds
    walk.order[0]->computed = true;
    return finish(*walk.order[0]);
  }
  // Dropping inputs may run a user's destructor, which may come back here or let go of a node.
  std::vector<Ref<Node>> kept = std::exchange(Spare::of_this_thread().kept, {});
  for (size_t i = 0; i < walk.order.size(); ++i) {
    if (!walk.keep[i]) continue;
    walk.order[i]->computed = true;
    kept.push_back(Ref<Node>(walk.order[i]));
  }
  for (const Ref<Node>& n : kept) finish(*n);
  kept.clear();
  Spare::of_this_thread().kept = std::move(kept);
}

// Nodes that a rehearsal found waiting are computed in earnest: their values may be asked for when it is over.
void compute_recorded_before(const Rehearsal& rehearsal, const Walk& walk, std::span<const Value> roots) {
  std::vector<Value> waiting;
  const auto add = [&](const Value& v) {
    if (!v.node->computed && v.node->sequence <= rehearsal.started_at()) waiting.push_back(v);
  };
  for (const Node* n : walk.order) {
    if (n->sequence <= rehearsal.started_at()) continue;
    for (const Value& v : n->inputs()) add(v);
  }
  for (const Value& v : roots) add(v);
  if (waiting.empty()) return;
  const RehearsalPause in_earnest;
  Walk earlier;
  earlier.run(waiting, {});
  if (earlier.order.empty()) return;
  compute(earlier);
  settle(earlier);
}

void compute_alone(Node& n) {
  const Ref<Node> node(&n);
  const Value root{node, 0};
  Walk walk;
  walk.run({&root, 1}, {});
  if (walk.order.empty()) return;
  compute(walk);
  settle(walk);
}

}  // namespace

// The caller holds the values, and not through a tensor whose value may change meanwhile.
void evaluate(std::span<const Value> asked) {
  const auto lock = lock_graph();
  Spare& spare = Spare::of_this_thread();
  const auto nested = spare.busy ? std::make_unique<Spare>() : nullptr;
  Spare& mine = nested ? *nested : spare;
  PendingWrites& writes = *PendingWrites::of_this_thread();
  const bool any = writes.any();
  std::vector<Value> roots;
  mine.befores.clear();
  if (any) {
    roots = std::exchange(mine.roots, {});
    roots.assign(asked.begin(), asked.end());
    writes.collect(roots, mine.befores);
    asked = roots;
  }
  Walk& walk = mine.walk;
  {
    const ScopedMode<bool> in_use(mine.busy, true);
    try {
      walk.run(asked, mine.befores);
      const Rehearsal* rehearsal = Rehearsal::current();
      if (rehearsal && !walk.order.empty()) {
        compute_recorded_before(*rehearsal, walk, asked);
        walk.run(asked, mine.befores);
      }
      if (!walk.order.empty() && anomaly_mode && !rehearsal) {
        const std::vector<Ref<Node>> nodes(walk.order.begin(), walk.order.end());
        autograd::evaluate_checked(nodes, compute_alone);
      } else if (!walk.order.empty()) {
        compute(walk);
        settle(walk);
      }
    } catch (const OutOfBudget&) {
      writes.undo();
      throw;
    } catch (...) {
      const std::exception_ptr error = std::current_exception();
      writes.settle_after_failure();
      std::rethrow_exception(error);
    }
  }
  if (!any) return;
  writes.clear();
  roots.clear();
  mine.roots = std::move(roots);
}

void evaluate(const TensorList& roots) {
  std::vector<Value> values;
  for (const Tensor& t : roots) values.push_back(t.value());
  evaluate(std::span<const Value>(values));
}

void evaluate_pending_writes() { evaluate(std::span<const Value>()); }

}  // namespace deepseek
