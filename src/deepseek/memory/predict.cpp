#include "deepseek/memory/predict.h"

#include <algorithm>
#include <map>

#include "deepseek/graph/rehearsal.h"
#include "deepseek/scheduler/plan.h"

namespace deepseek::memory {
namespace {

using scheduler::Plan;
using scheduler::PlanBuffer;
using scheduler::PlanStep;

std::vector<Holding> holdings_at_peak(const Plan& plan) {
  std::vector<int64_t> alive(plan.steps.size(), 0);
  for (const PlanBuffer& b : plan.buffers) {
    if (b.source != PlanBuffer::Source::arena || b.same_as >= 0) continue;
    for (int i = b.first; i <= b.last && i < static_cast<int>(alive.size()); ++i) alive[static_cast<size_t>(i)] += b.bytes;
  }
  const int peak = static_cast<int>(std::max_element(alive.begin(), alive.end()) - alive.begin());
  std::map<std::pair<std::string, std::string>, int64_t> sums;
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer& b = plan.buffers[i];
    if (b.source != PlanBuffer::Source::arena || b.same_as >= 0 || b.first > peak || b.last < peak) continue;
    const PlanStep& writer = plan.steps[static_cast<size_t>(b.first)];
    sums[{writer.name, writer.layer ? *writer.layer : ""}] += b.bytes;
  }
  std::vector<Holding> found;
  for (const auto& [key, bytes] : sums) found.push_back({key.first, key.second, bytes});
  std::stable_sort(found.begin(), found.end(), [](const Holding& a, const Holding& b) { return a.bytes > b.bytes; });
  return found;
}

}  // namespace

Prediction predict(const std::function<void()>& step) {
  Prediction p;
  Rehearsal rehearsal;
  const int64_t before = memory_stats().in_use;
  step();
  reset_peak_memory();
  step();
  const MemoryStats after = memory_stats();
  p.peak = after.peak - before;
  p.kept = after.in_use - before;
  if (const std::shared_ptr<Plan>& plan = rehearsal.largest_plan()) {
    p.arena = plan->arena_bytes;
    p.holdings = holdings_at_peak(*plan);
  }
  return p;
}

}  // namespace deepseek::memory
