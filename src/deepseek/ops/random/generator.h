// Random state. A draw takes a key from a generator when it is recorded; its values are a function of key and position alone,
// so they are the same at any number of threads and when they are computed again.
#pragma once
#include <cstdint>
#include <mutex>

#include "deepseek/graph/tensor.h"

namespace deepseek {

class Generator {
 public:
  struct State {
    uint64_t seed = 0;
    uint64_t counter = 0;  // draws so far
    friend bool operator==(const State&, const State&) = default;
  };

  explicit Generator(uint64_t seed = 0) : state_{seed, 0} {}
  void manual_seed(uint64_t seed) { set_state({seed, 0}); }
  uint64_t initial_seed() const { return state().seed; }
  State state() const;
  void set_state(State);
  int64_t next_key();  // no two draws of a generator share a key

 private:
  mutable std::mutex mutex_;
  State state_;
};

// What all random functions draw from; seeded by the system until manual_seed is called.
Generator& default_generator();
void manual_seed(int64_t seed);
int64_t initial_seed();

// The next key of the default generator as a 0-d operand: a slot of the plan, so that new draws reuse plans.
Tensor next_random_key();

}  // namespace deepseek
