#include "deepseek/scheduler/cache.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "deepseek/scheduler/emit.h"
#include "deepseek/scheduler/hash.h"

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
