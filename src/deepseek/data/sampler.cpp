#include "deepseek/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "deepseek/tensor/error.h"

namespace deepseek::data {
namespace {

// SplitMix64: small, and the same everywhere, which std's distributions are not.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // Uniform in [0, n), without bias: the high half of a product, with the few uneven cases drawn again.
  uint64_t below(uint64_t n) {
    while (true) {
      const auto product = static_cast<unsigned __int128>(next()) * n;
      if (static_cast<uint64_t>(product) >= -n % n) return static_cast<uint64_t>(product >> 64);
    }
  }
  double uniform() { return static_cast<double>((next() >> 11) + 1) * 0x1p-53; }  // in (0, 1]

 private:
  uint64_t state_;
};

void check_count(int64_t n, const char* what) { ensure(n >= 0, what, ": the number of samples must be at least 0, but it is ", n); }

}  // namespace

uint64_t mixed_seed(uint64_t seed, uint64_t epoch, uint64_t index) {
  return Random(Random(Random(seed).next() ^ epoch).next() ^ index).next();
}

std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t epoch) {
  check_count(n, "permutation");
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  Random random(mixed_seed(seed, epoch, 0));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[static_cast<size_t>(random.below(i))]);
  return order;
}

std::vector<int64_t> draws(int64_t n, int64_t count, uint64_t seed, uint64_t epoch) {
  check_count(count, "draws");
  ensure(n > 0 || count == 0, "draws: nothing to draw from");
  std::vector<int64_t> out(static_cast<size_t>(count));
  Random random(mixed_seed(seed, epoch, 0));
  for (int64_t& i : out) i = static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
  return out;
}

std::vector<int64_t> weighted_draws(const std::vector<double>& weights, int64_t count, bool replacement, uint64_t seed, uint64_t epoch) {
  check_count(count, "WeightedRandomSampler");
  std::vector<double> cumulated;
  double total = 0;
  int64_t positive = 0;
  for (double w : weights) {
    ensure(std::isfinite(w) && w >= 0, "WeightedRandomSampler: weights must be finite and at least 0, but one is ", w);
    positive += w > 0;
    cumulated.push_back(total += w);
  }
  ensure(count == 0 || positive > 0, "WeightedRandomSampler: all weights are 0");
  ensure(replacement || count <= positive, "WeightedRandomSampler: ", count, " samples without replacement from ", positive,
         " of positive weight");
  Random random(mixed_seed(seed, epoch, 0));
  std::vector<int64_t> out;
  if (replacement) {
    for (int64_t i = 0; i < count; ++i) {
      // uniform() is above 0 and lower_bound takes the first sum that reaches it, so weights of 0 are never drawn.
      const double x = random.uniform() * total;
      const auto it = std::lower_bound(cumulated.begin(), cumulated.end(), x);
      out.push_back(std::min<int64_t>(it - cumulated.begin(), static_cast<int64_t>(weights.size()) - 1));
    }
    return out;
  }
  // Efraimidis and Spirakis: the largest u^(1/w) are a weighted sample without replacement.
  std::vector<std::pair<double, int64_t>> keys;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double u = random.uniform();
    if (weights[i] > 0) keys.emplace_back(-std::log(u) / weights[i], static_cast<int64_t>(i));
  }
  std::sort(keys.begin(), keys.end());
  for (int64_t i = 0; i < count; ++i) out.push_back(keys[static_cast<size_t>(i)].second);
  return out;
}

Sampler::~Sampler() = default;

std::vector<int64_t> SequentialSampler::order(uint64_t, uint64_t) const {
  std::vector<int64_t> out(static_cast<size_t>(n_));
  std::iota(out.begin(), out.end(), int64_t{0});
  return out;
}

RandomSampler::RandomSampler(int64_t n, bool replacement, int64_t num_samples)
    : n_(n), count_(num_samples < 0 ? n : num_samples), replacement_(replacement) {
  ensure(replacement || count_ <= n, "RandomSampler: ", count_, " samples without replacement from ", n);
}

std::vector<int64_t> RandomSampler::order(uint64_t seed, uint64_t epoch) const {
  if (replacement_) return draws(n_, count_, seed, epoch);
  std::vector<int64_t> out = permutation(n_, seed, epoch);
  out.resize(static_cast<size_t>(count_));
  return out;
}

WeightedRandomSampler::WeightedRandomSampler(std::vector<double> weights, int64_t num_samples, bool replacement)
    : weights_(std::move(weights)), count_(num_samples), replacement_(replacement) {
  weighted_draws(weights_, count_, replacement_, 0, 0);
}

std::vector<int64_t> WeightedRandomSampler::order(uint64_t seed, uint64_t epoch) const {
  return weighted_draws(weights_, count_, replacement_, seed, epoch);
}

}  // namespace deepseek::data
