// Numbers sequences of words by their content.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "deepseek/scheduler/hash.h"

namespace deepseek::scheduler {

// As a map from vectors of words to 0, 1, 2, ... would, without a node and a vector for each.
class WordTable {
 public:
  // The number of the sequence, and whether it is new.
  std::pair<size_t, bool> insert(std::span<const uint64_t> words) {
    if (2 * entries_.size() >= slots_.size()) grow();
    const uint64_t hash = hash_words(words);
    for (size_t at = hash;; ++at) {
      int32_t& slot = slots_[at & (slots_.size() - 1)];
      if (slot < 0) {
        slot = static_cast<int32_t>(entries_.size());
        entries_.push_back({hash, words_.size(), words.size()});
        words_.insert(words_.end(), words.begin(), words.end());
        return {static_cast<size_t>(slot), true};
      }
      const Entry& e = entries_[static_cast<size_t>(slot)];
      if (e.hash == hash && std::ranges::equal(words, std::span(words_).subspan(e.first, e.count))) {
        return {static_cast<size_t>(slot), false};
      }
    }
  }

 private:
  struct Entry {
    uint64_t hash;
    size_t first, count;  // in words_
  };
  void grow() {
    slots_.assign(std::max<size_t>(64, 2 * slots_.size()), -1);
    for (size_t i = 0; i < entries_.size(); ++i) {
      size_t at = entries_[i].hash;
      while (slots_[at & (slots_.size() - 1)] >= 0) ++at;
      slots_[at & (slots_.size() - 1)] = static_cast<int32_t>(i);
    }
  }

  std::vector<Entry> entries_;
  std::vector<uint64_t> words_;
  std::vector<int32_t> slots_;  // power of two; -1: free
};

}  // namespace deepseek::scheduler
