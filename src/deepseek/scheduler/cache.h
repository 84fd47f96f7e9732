// Plans by the structure of the graph they compute. Full keys are compared, a hash only finds candidates.
#pragma once
#include <array>
#include <list>
#include <memory>
#include <unordered_map>

#include "deepseek/scheduler/plan.h"
#include "deepseek/scheduler/walk.h"

namespace deepseek::scheduler {

struct CacheStats {
  int64_t hits = 0, misses = 0, plans = 0;
};

class PlanCache {
 public:
  static PlanCache& instance();
  // The plan for the walk's structure; made when it is new. Called with graph_mutex() held.
  std::shared_ptr<Plan> find_or_make(const Walk&);
  CacheStats stats() const { return {hits_, misses_, static_cast<int64_t>(entries_.size())}; }
  void clear();

 private:
  struct Entry {
    std::vector<uint64_t> key;
    uint64_t hash;
    std::shared_ptr<Plan> plan;
    std::list<Entry>::iterator place;
  };
  const Entry* find(uint64_t hash, const std::vector<uint64_t>& key);
  void drop_oldest();
  static constexpr size_t capacity = 1024;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_multimap<uint64_t, std::list<Entry>::iterator> by_hash_;
  // What a hash led to last: an index need not be searched for a structure that comes again and again.
  std::array<const Entry*, 256> recent_{};
  int64_t hits_ = 0, misses_ = 0;
};

}  // namespace deepseek::scheduler
