#include "deepseek/scheduler/cache.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "deepseek/scheduler/budget.h"
#include "deepseek/scheduler/emit.h"
#include "deepseek/scheduler/hash.h"
#include "deepseek/scheduler/rematerialize.h"

namespace deepseek::scheduler {
namespace {

std::shared_ptr<Plan> plan_with(Ir ir, const Walk& walk, Effort effort) {
  rematerialize(ir, effort);
  const Grouping grouping = group(ir);
  auto plan = std::make_shared<Plan>(emit(ir, grouping, walk, order_groups(ir, grouping, walk)));
  place_buffers(*plan, walk);
  return plan;
}

std::shared_ptr<Plan> plan_within(const Ir& ir, const Walk& walk, std::shared_ptr<Plan> usual) {
  std::shared_ptr<Plan> least = usual;
  // The less of the forward part is computed twice the better.
  for (const double share : {0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0}) {
    for (const int segments : {2, 4, 8, 16}) {
      std::shared_ptr<Plan> plan = plan_with(ir, walk, {share, segments});
      if (plan->footprint() <= walk.bytes_left) return plan;
      if (plan->footprint() < least->footprint()) least = std::move(plan);
    }
  }
  const int64_t in_use = memory_stats().in_use;
  const int64_t enough = (in_use + least->footprint()) / 255 * 256 + 256;  // see bytes_left()
  throw OutOfBudget(ErrorKind::runtime, concat("memory_budget: ", memory_budget, " bytes are too few: ", in_use,
                                               " are in use and this evaluation needs at least ", least->footprint(),
                                               " more, so the least possible budget is ", enough));
}

std::shared_ptr<Plan> make_plan(const Walk& walk) {
  Ir ir = lower(walk);
  fold_channel_maps(ir);
  fold_post_ops(ir);
  std::shared_ptr<Plan> plan = plan_with(walk.bytes_left < 0 ? std::move(ir) : ir, walk, {});
  if (walk.bytes_left >= 0 && plan->footprint() > walk.bytes_left) plan = plan_within(ir, walk, std::move(plan));
  static const bool print = std::getenv("DEEPSEEK_PRINT_PLANS") != nullptr;
  if (print) std::cerr << to_string(*plan);
  return plan;
}

}  // namespace

PlanCache& PlanCache::instance() {
  static PlanCache& cache = *new PlanCache;
  return cache;
}

const PlanCache::Entry* PlanCache::find(uint64_t hash, const std::vector<uint64_t>& key) {
  const Entry*& recent = recent_[hash % recent_.size()];
  if (recent && recent->hash == hash && recent->key == key) return recent;
  auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second->key == key) return recent = &*it->second;
  }
  return nullptr;
}

void PlanCache::drop_oldest() {
  const auto oldest = std::prev(entries_.end());
  const Entry*& recent = recent_[oldest->hash % recent_.size()];
  if (recent == &*oldest) recent = nullptr;
  auto [begin, end] = by_hash_.equal_range(oldest->hash);
  by_hash_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == oldest; }));
  entries_.pop_back();
}

std::shared_ptr<Plan> PlanCache::find_or_make(const Walk& walk) {
  const uint64_t hash = hash_words(walk.key.words());
  if (const Entry* found = find(hash, walk.key.words())) {
    ++hits_;
    if (found->place != entries_.begin()) entries_.splice(entries_.begin(), entries_, found->place);
    return found->plan;
  }
  ++misses_;
  std::shared_ptr<Plan> plan = make_plan(walk);
  if (entries_.size() >= capacity) drop_oldest();
  entries_.push_front({walk.key.words(), hash, plan, {}});
  entries_.front().place = entries_.begin();
  by_hash_.emplace(hash, entries_.begin());
  return plan;
}

void PlanCache::clear() {
  recent_.fill(nullptr);
  entries_.clear();
  by_hash_.clear();
}

}  // namespace deepseek::scheduler
