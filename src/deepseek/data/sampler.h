// Orders in which samples are visited: functions of (seed, epoch), so that any epoch can be had again.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

namespace deepseek::data {

// 0 ... n-1 in random order; the same for the same arguments on every machine.
std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t epoch);
// `count` draws from [0, n): with replacement, each equally likely.
std::vector<int64_t> draws(int64_t n, int64_t count, uint64_t seed, uint64_t epoch);
// `count` draws with the given weights; without replacement an index is drawn at most once.
std::vector<int64_t> weighted_draws(const std::vector<double>& weights, int64_t count, bool replacement, uint64_t seed, uint64_t epoch);

// A seed of its own for each (seed, epoch, index): random augmentation that uses it is independent of threads.
uint64_t mixed_seed(uint64_t seed, uint64_t epoch, uint64_t index);

class Sampler {
 public:
  virtual ~Sampler();
  virtual int64_t size() const = 0;
  virtual std::vector<int64_t> order(uint64_t seed, uint64_t epoch) const = 0;
};
using SamplerPtr = std::shared_ptr<const Sampler>;

class SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(int64_t n) : n_(n) {}
  int64_t size() const override { return n_; }
  std::vector<int64_t> order(uint64_t seed, uint64_t epoch) const override;

 private:
  int64_t n_;
};

class RandomSampler : public Sampler {
 public:
  explicit RandomSampler(int64_t n, bool replacement = false, int64_t num_samples = -1);
  int64_t size() const override { return count_; }
  std::vector<int64_t> order(uint64_t seed, uint64_t epoch) const override;

 private:
  int64_t n_, count_;
  bool replacement_;
};

class WeightedRandomSampler : public Sampler {
 public:
  WeightedRandomSampler(std::vector<double> weights, int64_t num_samples, bool replacement = true);
  int64_t size() const override { return count_; }
  std::vector<int64_t> order(uint64_t seed, uint64_t epoch) const override;

 private:
  std::vector<double> weights_;
  int64_t count_;
  bool replacement_;
};

}  // namespace deepseek::data
