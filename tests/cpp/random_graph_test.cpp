// Random graphs computed as one plan against the same graphs computed op by op, where nothing is fused.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

using namespace deepseek;

namespace {

class RandomGraph {
 public:
  RandomGraph(uint64_t seed, bool eager) : random_(seed), eager_(eager) {}

  // All values that were made, in order; the caller compares the two ways.
  TensorList run(int ops) {
    for (int i = 0; i < 3; ++i) add(leaf());
    for (int i = 0; i < ops; ++i) step();
    return values_;
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  Tensor pick() { return values_[static_cast<size_t>(below(static_cast<int64_t>(values_.size())))]; }
  void add(Tensor t) {
    if (eager_) t.eval();
    values_.push_back(std::move(t));
  }

  Tensor leaf() {
    static const Shape shapes[] = {{4, 3, 5}, {3, 5}, {4, 1, 5}, {5}, {1}, {2, 3, 4, 5}, {7, 16}, {16}, {3, 600}, {0, 5}};
    const Shape s = shapes[below(10)];
    std::vector<double> v;
    for (int64_t i = 0; i < s.numel(); ++i) v.push_back(static_cast<double>(below(2000)) / 1000 - 1);
    return Tensor::from_vector(v, s);
  }

  Tensor partner(const Tensor& a) {
    for (int i = 0; i < 8; ++i) {
      const Tensor b = pick();
      if (broadcastable_to(b.shape(), a.shape()) || broadcastable_to(a.shape(), b.shape())) return b;
    }
    return a;
  }

  void step() {
    const Tensor a = pick();
    switch (below(13)) {
      case 0: add(a + partner(a)); break;
      case 1: add(a * partner(a)); break;
      case 2: add(tanh(a - partner(a))); break;
      case 3: add(maximum(a, partner(a))); break;
      case 4: add(where(a < partner(a), a, Tensor(0.25))); break;
      case 5: add(permuted(a)); break;
      case 6: add(reshape(a, {a.numel()})); break;
      case 7: add(reduced(a, fused::ReduceKind::sum)); break;
      case 8: add(reduced(a, fused::ReduceKind::max)); break;
      case 9: add(leaf()); break;
      case 10: write(a); break;
      case 11: {
        const Tensor m = reduced(a, fused::ReduceKind::sum);
        if (broadcastable_to(m.shape(), a.shape())) add(a - m * 0.125);
        break;
      }
      default: add(cast(cast(a, DType::float32), DType::float64) * 0.5); break;
    }
  }

  Tensor permuted(const Tensor& a) {
    Dims order;
    for (int d = 0; d < a.rank(); ++d) order.push_back(d);
    std::shuffle(order.begin(), order.end(), random_);
    return permute(a, order);
  }

  Tensor reduced(const Tensor& a, fused::ReduceKind kind) {
    if (a.rank() == 0 || a.numel() == 0) return a * 2.0;
    Dims dims;
    for (int d = 0; d < a.rank(); ++d) {
      if (below(2)) dims.push_back(d);
    }
    if (dims.empty()) dims.push_back(below(a.rank()));
    return reduce(kind, a, dims, below(2) == 0);
  }

  void write(Tensor a) {
    const Tensor b = partner(a);
    if (broadcastable_to(b.shape(), a.shape())) a.assign(a * 0.5 + b);
    if (eager_) {
      for (const Tensor& t : values_) t.eval();
    }
  }

  std::mt19937_64 random_;
  bool eager_;
  TensorList values_;
};

std::vector<double> numbers(const Tensor& t) { return t.to_vector<double>(); }

void compare(uint64_t seed, int ops) {
  const TensorList eager = RandomGraph(seed, true).run(ops);
  TensorList lazy = RandomGraph(seed, false).run(ops);
  ASSERT_EQ(eager.size(), lazy.size());
  // Some are let go before anything is computed, the rest are asked for together.
  std::mt19937_64 random(seed + 1);
  for (Tensor& t : lazy) {
    if (random() % 3 == 0) t = Tensor();
  }
  TensorList asked;
  for (const Tensor& t : lazy) {
    if (t.defined() && random() % 2) asked.push_back(t);
  }
  evaluate(asked);
  for (size_t i = 0; i < lazy.size(); ++i) {
    if (!lazy[i].defined()) continue;
    const std::vector<double> want = numbers(eager[i]), got = numbers(lazy[i]);
    ASSERT_EQ(want.size(), got.size());
    for (size_t k = 0; k < want.size(); ++k) {
      const bool close = want[k] == got[k] || std::abs(want[k] - got[k]) <= 1e-5 * (1 + std::abs(want[k])) ||
                         (std::isnan(want[k]) && std::isnan(got[k]));
      ASSERT_TRUE(close) << "seed " << seed << " value " << i << " of shape " << to_string(eager[i].shape()) << " element " << k
                         << ": " << want[k] << " op by op, " << got[k] << " in one plan";
    }
  }
}

TEST(RandomGraph, OnePlanEqualsOpByOp) {
  for (uint64_t seed = 0; seed < 400; ++seed) compare(seed, 4 + static_cast<int>(seed % 30));
}

}  // namespace
