#include "deepseek/scheduler/cache.h"

#include <cstdlib>
#include <iostream>

#include "deepseek/scheduler/emit.h"


namespace deepseek::scheduler {
namespace {

std::shared_ptr<Plan> make_plan(const Walk& walk) {
  Ir ir = lower(walk);
  fold_post_ops(ir);
  const Grouping grouping = group(ir);
  auto plan = std::make_shared<Plan>(emit(ir, grouping, walk, order_groups(ir, grouping, walk)));
  place_buffers(*plan, walk);
  static const bool print = std::getenv("DEEPSEEK_PRINT_PLANS") != nullptr;
  if (print) std::cerr << to_string(*plan);
  return plan;
}

}  // namespace

PlanCache& PlanCache::instance() {
  static PlanCache& cache = *new PlanCache;
  return cache;
}

std::shared_ptr<Plan> PlanCache::find_or_make(const Walk& walk) {
  const uint64_t hash = walk.key.hash();
  auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second->key != walk.key.words()) continue;
    ++hits_;
    if (it->second != entries_.begin()) entries_.splice(entries_.begin(), entries_, it->second);
    return entries_.front().plan;
  }
  ++misses_;
  std::shared_ptr<Plan> plan = make_plan(walk);
  if (entries_.size() >= capacity) {
    auto [begin, end] = by_hash_.equal_range(entries_.back().hash);
    for (auto it = begin; it != end; ++it) {
      if (it->second == std::prev(entries_.end())) {
        by_hash_.erase(it);
        break;
      }
    }
    entries_.pop_back();
  }
  entries_.push_front({walk.key.words(), hash, plan});
  by_hash_.emplace(hash, entries_.begin());
  return plan;
}

void PlanCache::clear() {
  entries_.clear();
  by_hash_.clear();
}

}  // namespace deepseek::scheduler
