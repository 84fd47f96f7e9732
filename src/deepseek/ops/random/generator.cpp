#include "deepseek/ops/random/generator.h"

#include <random>

namespace deepseek {
namespace {

// The finaliser of splitmix64: a bijection that spreads nearby numbers over all bits.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

constexpr uint64_t golden = 0x9e3779b97f4a7c15u;

}  // namespace

Generator::State Generator::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Generator::set_state(State s) {
  const std::lock_guard lock(mutex_);
  state_ = s;
}

int64_t Generator::next_key() {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(mix(mix(state_.seed + golden) + golden * ++state_.counter));
}

Generator& default_generator() {
  static Generator generator([] {
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32 | device()) >> 1;
  }());
  return generator;
}

void manual_seed(int64_t seed) { default_generator().manual_seed(static_cast<uint64_t>(seed)); }
int64_t initial_seed() { return static_cast<int64_t>(default_generator().initial_seed()); }

Tensor next_random_key() { return Tensor(scalar_value(default_generator().next_key(), DType::int64)); }

}  // namespace deepseek
