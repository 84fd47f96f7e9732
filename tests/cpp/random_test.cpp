// Random streams: the published values of the generator, laws, and independence of threads, order of computation and plans.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"
#include "deepseek/runtime/parallel.h"

using namespace deepseek;

namespace {

// Chi-square of counts against equal chances; its mean is the number of cells - 1, its deviation sqrt(2 * that).
double chi_square(const std::vector<int64_t>& counts, int64_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double sum = 0;
  for (int64_t c : counts) sum += (static_cast<double>(c) - expected) * (static_cast<double>(c) - expected) / expected;
  return sum;
}
bool plausible(double chi, size_t cells) {
  const double freedom = static_cast<double>(cells) - 1;
  return std::fabs(chi - freedom) < 5 * std::sqrt(2 * freedom);
}

struct Moments {
  double mean = 0, variance = 0, fourth = 0;
};
template <class T>
Moments moments(const std::vector<T>& v) {
  Moments m;
  for (T x : v) m.mean += static_cast<double>(x);
  m.mean /= static_cast<double>(v.size());
  for (T x : v) {
    const double d = (static_cast<double>(x) - m.mean) * (static_cast<double>(x) - m.mean);
    m.variance += d, m.fourth += d * d;
  }
  m.variance /= static_cast<double>(v.size());
  m.fourth /= static_cast<double>(v.size());
  return m;
}

TEST(Random, PhiloxGivesThePublishedWords) {
  const auto words = [](uint32_t c0, uint32_t c1, uint32_t key) {
    return philox::words(static_cast<int64_t>(static_cast<uint64_t>(c1) << 32 | c0), static_cast<int64_t>(key));
  };
  const philox::Words zeros = words(0, 0, 0), ones = words(~0u, ~0u, ~0u), pi = words(0x243f6a88, 0x85a308d3, 0x13198a2e);
  EXPECT_EQ(zeros.a, 0xff1dae59u);
  EXPECT_EQ(zeros.b, 0x6cd10df2u);
  EXPECT_EQ(ones.a, 0x2c3f628bu);
  EXPECT_EQ(ones.b, 0xab4fd7adu);
  EXPECT_EQ(pi.a, 0xdd7ce038u);
  EXPECT_EQ(pi.b, 0xf62a4c12u);
}

TEST(Random, LanesAgreeWithTheScalarFunction) {
  manual_seed(3);
  Generator twin(3);
  const std::vector<float> u = rand({3, 700}).to_vector<float>();
  const int64_t key = twin.next_key();
  for (size_t i = 0; i < u.size(); ++i) EXPECT_EQ(u[i], philox::uniform<float>(philox::words(static_cast<int64_t>(i), key)));
}

TEST(Random, UniformIsUniform) {
  manual_seed(0);
  constexpr int64_t n = 1 << 18;
  const std::vector<float> u = rand({n}).to_vector<float>();
  std::vector<int64_t> cells(256), low_bits(256);
  for (float x : u) {
    ASSERT_GE(x, 0.0f);
    ASSERT_LT(x, 1.0f);
    ++cells[static_cast<size_t>(x * 256)];
    ++low_bits[static_cast<size_t>(x * 0x1p24f) & 255];
  }
  EXPECT_TRUE(plausible(chi_square(cells, n), 256));
  EXPECT_TRUE(plausible(chi_square(low_bits, n), 256));
  const Moments m = moments(rand({n}, DType::float64).to_vector<double>());
  EXPECT_NEAR(m.mean, 0.5, 5 * 0.2887 / 512);
  EXPECT_NEAR(m.variance, 1.0 / 12, 0.001);
}

TEST(Random, NormalHasItsMomentsAndTails) {
  manual_seed(1);
  constexpr int64_t n = 1 << 18;
  for (const Moments& m : {moments(randn({n}).to_vector<float>()), moments(randn({n}, DType::float64).to_vector<double>())}) {
    EXPECT_NEAR(m.mean, 0, 5.0 / 512);
    EXPECT_NEAR(m.variance, 1, 5 * std::sqrt(2.0) / 512);
    EXPECT_NEAR(m.fourth, 3, 5 * std::sqrt(96.0) / 512);
  }
  int64_t beyond = 0;
  for (float x : randn({n}).to_vector<float>()) beyond += std::fabs(x) > 3;
  EXPECT_NEAR(static_cast<double>(beyond), n * 0.0026998, 5 * std::sqrt(n * 0.0027));
}

TEST(Random, DrawsOfOneGeneratorDiffer) {
  manual_seed(5);
  const std::vector<float> a = rand({1000}).to_vector<float>(), b = rand({1000}).to_vector<float>();
  int equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  EXPECT_LT(equal, 5);
  double product = 0;
  for (size_t i = 0; i < a.size(); ++i) product += (a[i] - 0.5) * (b[i] - 0.5);
  EXPECT_NEAR(product / 1000, 0, 5.0 / 12 / std::sqrt(1000.0));
}

TEST(Random, SeedsAndStatesBringStreamsBack) {
  manual_seed(42);
  const std::vector<float> first = randn({100}).to_vector<float>();
  const Generator::State state = default_generator().state();
  const std::vector<float> second = randn({100}).to_vector<float>();
  default_generator().set_state(state);
  EXPECT_TRUE(randn({100}).to_vector<float>() == second);
  manual_seed(42);
  EXPECT_TRUE(randn({100}).to_vector<float>() == first);
  EXPECT_FALSE(first == second);
  EXPECT_EQ(initial_seed(), 42);
}

TEST(Random, ThreadsAndOrderOfComputationChangeNothing) {
  constexpr int64_t n = 300000;
  const int before = num_threads();
  std::vector<std::vector<float>> got;
  for (int threads : {1, 2, 3}) {
    set_num_threads(threads);
    manual_seed(9);
    const Tensor a = randn({n}), b = rand({n});
    const std::vector<float> late = b.to_vector<float>();  // recorded second, computed first
    got.push_back((a + b).to_vector<float>());
    EXPECT_TRUE(late == b.to_vector<float>());
  }
  set_num_threads(before);
  EXPECT_TRUE(got[0] == got[1]);
  EXPECT_TRUE(got[0] == got[2]);
}

TEST(Random, SixteenBitUniformStaysBelowOne) {
  manual_seed(2);
  for (DType t : {DType::float16, DType::bfloat16}) {
    for (float x : to(rand({1 << 16}, t), DType::float32).to_vector<float>()) {
      ASSERT_GE(x, 0.0f);
      ASSERT_LT(x, 1.0f);
    }
  }
}

TEST(Random, IntegersCoverTheirRange) {
  manual_seed(4);
  constexpr int64_t n = 70000;
  std::vector<int64_t> counts(7);
  for (int64_t x : randint(-3, Dims{4}, Dims{n}).to_vector<int64_t>()) {
    ASSERT_GE(x, -3);
    ASSERT_LT(x, 4);
    ++counts[static_cast<size_t>(x + 3)];
  }
  EXPECT_TRUE(plausible(chi_square(counts, n), 7));
  EXPECT_THROW(randint(4, Dims{4}, Dims{2}), Error);
  EXPECT_THROW(randint(10), Error);
}

TEST(Random, PermutationsAreUniform) {
  manual_seed(6);
  std::vector<int64_t> p = randperm(1000).to_vector<int64_t>();
  std::sort(p.begin(), p.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(p[static_cast<size_t>(i)], i);
  std::vector<int64_t> counts(24);
  constexpr int64_t n = 4800;
  for (int64_t i = 0; i < n; ++i) {
    const std::vector<int64_t> q = randperm(4).to_vector<int64_t>();
    size_t rank = 0;  // the index of q among the permutations
    for (size_t j = 0; j < 4; ++j) {
      size_t smaller = 0;
      for (size_t k = j + 1; k < 4; ++k) smaller += q[k] < q[j];
      rank = rank * (4 - j) + smaller;
    }
    ++counts[rank];
  }
  EXPECT_TRUE(plausible(chi_square(counts, n), 24));
  EXPECT_EQ(randperm(0).numel(), 0);
}

TEST(Random, DropoutKeepsTheMeanAndItsMaskInBackward) {
  manual_seed(7);
  constexpr int64_t n = 1 << 16;
  Tensor x = ones({n});
  x.set_requires_grad(true);
  const Tensor y = dropout(x, 0.25, true);
  const std::vector<float> got = y.to_vector<float>();
  sum(y).backward();
  const std::vector<float> gradient = x.grad().to_vector<float>();
  int64_t dropped = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(got[i] == 0 || std::fabs(got[i] - 4.0f / 3) < 1e-6f);
    ASSERT_EQ(gradient[i], got[i]);
    dropped += got[i] == 0;
  }
  EXPECT_NEAR(static_cast<double>(dropped), n * 0.25, 5 * std::sqrt(n * 0.25 * 0.75));
  EXPECT_TRUE(dropout(x, 0.5, false).same(x));
  for (float v : dropout(x, 1.0, true).to_vector<float>()) ASSERT_EQ(v, 0.0f);
  EXPECT_THROW(dropout(x, 1.5, true), Error);
}

TEST(Random, ChannelsDropTogether) {
  manual_seed(8);
  const std::vector<float> v = dropout2d(ones({8, 16, 3, 5}), 0.5, true).to_vector<float>();
  int64_t dropped = 0;
  for (size_t c = 0; c < 128; ++c) {
    for (size_t i = 0; i < 15; ++i) ASSERT_EQ(v[c * 15 + i], v[c * 15]);
    dropped += v[c * 15] == 0;
  }
  EXPECT_GT(dropped, 30);
  EXPECT_LT(dropped, 98);
}

TEST(Random, BernoulliFollowsItsProbabilities) {
  manual_seed(10);
  const Tensor p = linspace(0, 1, 5);
  const Tensor draws = bernoulli(expand(p, {20000, 5}));
  const std::vector<float> m = mean(draws, {0}).to_vector<float>();
  EXPECT_EQ(m[0], 0.0f);
  EXPECT_EQ(m[4], 1.0f);
  for (size_t i = 1; i < 4; ++i) EXPECT_NEAR(m[i], static_cast<double>(i) / 4, 5 * 0.5 / std::sqrt(20000.0));
}

TEST(Random, MultinomialFollowsItsWeights) {
  manual_seed(11);
  const Tensor w = Tensor::from_vector(std::vector<float>{1, 0, 3, 4}, {4});
  constexpr int64_t n = 40000;
  std::vector<double> counts(4);
  for (int64_t i : multinomial(w, n, true).to_vector<int64_t>()) ++counts.at(static_cast<size_t>(i));
  EXPECT_EQ(counts[1], 0);
  for (size_t i : {0, 2, 3}) {
    const double p = std::vector<double>{1, 0, 3, 4}[i] / 8;
    EXPECT_NEAR(counts[i], n * p, 5 * std::sqrt(n * p * (1 - p)));
  }
  // Without replacement: no index twice, none of weight 0, and the first is drawn by weight.
  const std::vector<int64_t> draws = multinomial(expand(w, {8000, 4}), 3, false).to_vector<int64_t>();
  double first_is_last = 0;
  for (size_t r = 0; r < 8000; ++r) {
    std::vector<int64_t> row(draws.begin() + static_cast<int64_t>(3 * r), draws.begin() + static_cast<int64_t>(3 * r + 3));
    first_is_last += row[0] == 3;
    std::sort(row.begin(), row.end());
    ASSERT_TRUE((row == std::vector<int64_t>{0, 2, 3}));
  }
  EXPECT_NEAR(first_is_last, 4000, 5 * std::sqrt(2000.0));
  EXPECT_THROW(multinomial(w, 4, false).eval(), Error);
  EXPECT_THROW(multinomial(-w, 1, true).eval(), Error);
}

TEST(Random, GumbelSoftmaxDrawsByLogits) {
  manual_seed(12);
  const Tensor logits = log(Tensor::from_vector(std::vector<float>{1, 3, 4}, {3}));
  const std::vector<float> share = mean(gumbel_softmax(expand(logits, {20000, 3}), 1.0, true), {0}).to_vector<float>();
  EXPECT_NEAR(share[0], 0.125, 0.012);
  EXPECT_NEAR(share[1], 0.375, 0.018);
  EXPECT_NEAR(share[2], 0.5, 0.018);
}

}  // namespace
