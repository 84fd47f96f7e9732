// Computes what is asked for: walk, plan (cached), run, and the graph afterwards.
#include <optional>
#include <utility>

#include "deepseek/autograd/anomaly.h"
#include "deepseek/graph/lock.h"
#include "deepseek/graph/pending_writes.h"
#include "deepseek/ops/op.h"
#include "deepseek/runtime/run.h"
#include "deepseek/scheduler/cache.h"

namespace deepseek {
namespace {

using scheduler::PlanCache;
using scheduler::Walk;

// Whether a run takes long enough (some tens of microseconds) to let others have Python's lock meanwhile.
bool is_long(const scheduler::Plan& plan) {
  int64_t bytes = 0;
  for (const scheduler::PlanBuffer& b : plan.buffers) bytes += b.bytes;
  return bytes > 128 << 10;
}

void compute(const Walk& walk) {
  const std::shared_ptr<scheduler::Plan> plan = PlanCache::instance().find_or_make(walk);
  int failed = 0;
  try {
    std::optional<BlockingScope> blocking;
    if (is_long(*plan)) blocking.emplace();
    runtime::run(*plan, walk, failed);
  } catch (const Error& e) {
    throw Error(e.kind(), e.what() + autograd::origin_of(*walk.order[static_cast<size_t>(failed)]));
  }
}

// Kept nodes are computed now; what only led to them goes away with their inputs.
void settle(const Walk& walk) {
  static thread_local std::vector<Ref<Node>> usual;
  std::vector<Ref<Node>> kept = std::exchange(usual, {});  // dropping inputs may run a user's destructor, which may come back here
  for (size_t i = 0; i < walk.order.size(); ++i) {
    if (!walk.keep[i]) continue;
    walk.order[i]->computed = true;
    kept.push_back(Ref<Node>(walk.order[i]));
  }
  for (const Ref<Node>& n : kept) {
    const bool on_tape = n->requires_grad && !n->tape_freed && !n->grad_leaf;
    if (!on_tape) n->drop_inputs();
  }
  kept.clear();
  usual = std::move(kept);
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

void evaluate(std::span<const Value> asked) {
  const auto lock = lock_graph();
  static thread_local Walk usual;
  static thread_local bool busy = false;
  std::optional<Walk> nested;
  Walk& walk = busy ? nested.emplace() : usual;
  const std::shared_ptr<PendingWrites>& writes = PendingWrites::of_this_thread();
  static thread_local std::vector<Value> usual_roots;
  static thread_local std::vector<Node*> usual_befores;
  std::vector<Value> roots = std::exchange(usual_roots, {});
  std::vector<Node*> befores = std::exchange(usual_befores, {});
  roots.assign(asked.begin(), asked.end());
  befores.clear();
  writes->collect(roots, befores);
  {
    const ScopedMode<bool> in_use(busy, true);
    try {
      walk.run(roots, befores);
      if (!walk.order.empty() && anomaly_mode) {
        const std::vector<Ref<Node>> nodes(walk.order.begin(), walk.order.end());
        autograd::evaluate_checked(nodes, compute_alone);
      } else if (!walk.order.empty()) {
        compute(walk);
        settle(walk);
      }
    } catch (...) {
      const std::exception_ptr error = std::current_exception();
      writes->settle_after_failure();
      std::rethrow_exception(error);
    }
  }
  writes->clear();
  roots.clear();
  usual_roots = std::move(roots);
  usual_befores = std::move(befores);
}

void evaluate(const TensorList& roots) {
  std::vector<Value> values;
  for (const Tensor& t : roots) values.push_back(t.value());
  evaluate(std::span<const Value>(values));
}

void evaluate_pending_writes() { evaluate(std::span<const Value>()); }

}  // namespace deepseek
