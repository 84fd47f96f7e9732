// The engine end to end: record, plan, run, cache, write in place.
#include <gtest/gtest.h>

#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/graph/operators.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/scheduler/cache.h"

using namespace deepseek;

namespace {

std::vector<float> ramp(int64_t n, float start = 0, float step = 1) {
  std::vector<float> v;
  for (int64_t i = 0; i < n; ++i) v.push_back(start + step * static_cast<float>(i));
  return v;
}

TEST(Engine, ComputesAChain) {
  const Tensor x = Tensor::from_vector(ramp(6), {2, 3});
  const Tensor y = (x + 1.0) * x - 2.0;
  EXPECT_FALSE(y.is_computed());
  const std::vector<float> got = y.to_vector<float>();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(got[static_cast<size_t>(i)], static_cast<float>((i + 1) * i - 2));
}

TEST(Engine, SoftmaxLikeRowProgramIsOneStep) {
  const Tensor x = Tensor::from_vector(ramp(12, -3, 0.5f), {3, 4});
  const Tensor e = exp(x - reduce(fused::ReduceKind::max, x, {1}, true));
  const Tensor y = e / reduce(fused::ReduceKind::sum, e, {1}, true);
  const std::vector<float> got = y.to_vector<float>();
  for (int r = 0; r < 3; ++r) {
    double total = 0;
    for (int c = 0; c < 4; ++c) total += std::exp(0.5 * c);
    for (int c = 0; c < 4; ++c) EXPECT_NEAR(got[static_cast<size_t>(r * 4 + c)], std::exp(0.5 * c) / total, 1e-6);
  }
}

TEST(Engine, ReductionsWithoutKeptDimsBroadcastBack) {
  const Tensor x = Tensor::from_vector(ramp(24), {2, 3, 4});
  const Tensor m = reduce(fused::ReduceKind::sum, x, {0, 2}, false) / 8.0;
  const Tensor y = x - reshape(m, {1, 3, 1});
  const std::vector<float> got = y.to_vector<float>();
  for (int i = 0; i < 24; ++i) {
    const int c = i / 4 % 3;
    double mean = 0;
    for (int n = 0; n < 2; ++n)
      for (int k = 0; k < 4; ++k) mean += n * 12 + c * 4 + k;
    EXPECT_NEAR(got[static_cast<size_t>(i)], i - mean / 8, 1e-5);
  }
}

TEST(Engine, PermutedOperandsKeepTheirMeaning) {
  const Tensor x = Tensor::from_vector(ramp(6), {2, 3});
  const Tensor y = permute(x, {1, 0}) * 2.0 + permute(x + 1.0, {1, 0});
  const std::vector<float> got = y.to_vector<float>();
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j) EXPECT_EQ(got[static_cast<size_t>(i * 2 + j)], static_cast<float>(3 * (j * 3 + i) + 1));
}

TEST(Engine, SquareTimesItsTranspose) {
  const Tensor x = Tensor::from_vector(ramp(9), {3, 3});
  const Tensor t = x * 1.0;
  const std::vector<float> got = (t * permute(t, {1, 0})).to_vector<float>();
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) EXPECT_EQ(got[static_cast<size_t>(i * 3 + j)], static_cast<float>((i * 3 + j) * (j * 3 + i)));
}

TEST(Engine, ReusesThePlanForOtherNumbers) {
  const Tensor x = Tensor::from_vector(ramp(4), {4});
  (x * 2.0 + 1.0).eval();
  const auto before = scheduler::PlanCache::instance().stats();
  const std::vector<float> got = (x * 3.0 + 5.0).to_vector<float>();
  const auto after = scheduler::PlanCache::instance().stats();
  EXPECT_EQ(after.misses, before.misses);
  EXPECT_EQ(after.hits, before.hits + 1);
  EXPECT_EQ(got[3], 14.0f);
}

TEST(Engine, WritesThroughViewsAreSeen) {
  Tensor x = Tensor::from_vector(ramp(6), {2, 3});
  Tensor v = reshape(x, {6});
  Tensor t = permute(x, {1, 0});
  v.assign(v * 10.0);
  EXPECT_EQ(x.to_vector<float>()[5], 50.0f);
  EXPECT_EQ(t.to_vector<float>()[1], 30.0f);
  x.assign(Tensor(1.0));
  EXPECT_EQ(v.to_vector<float>()[4], 1.0f);
}

TEST(Engine, PendingWritesAreComputedWithTheNextEvaluation) {
  Tensor x = Tensor::from_vector(ramp(3), {3});
  x.assign(x + 1.0);
  EXPECT_FALSE(x.is_computed());
  (Tensor::from_vector(ramp(2), {2}) + 1.0).eval();
  EXPECT_TRUE(x.is_computed());
  EXPECT_EQ(x.to_vector<float>()[2], 3.0f);
}

TEST(Engine, AnUpdateTakesTheMemoryOfTheOldValue) {
  Tensor x = Tensor::from_vector(ramp(1024), {1024});
  x.eval();
  const void* before = x.buffer().storage->data();
  for (int i = 0; i < 3; ++i) {
    x.assign(x * 0.5);
    evaluate_pending_writes();
  }
  EXPECT_EQ(x.buffer().storage->data(), before);
  EXPECT_EQ(x.to_vector<float>()[8], 1.0f);
}

TEST(Engine, AnUpdateOfAPartOfAStorageStaysInItsPlace) {
  StorageRef storage = Storage::allocate(32 * sizeof(float));
  float* data = reinterpret_cast<float*>(storage->data());
  for (int i = 0; i < 32; ++i) data[i] = static_cast<float>(i);
  Tensor x = Tensor::from_storage(std::move(storage), DType::float32, {16}, {}, 16);
  x.assign(x * 2.0);
  evaluate_pending_writes();
  EXPECT_EQ(x.to_vector<float>()[0], 32.0f);
  EXPECT_EQ(x.to_vector<float>()[15], 62.0f);
}

TEST(Engine, AConvolutionEndsInReluAndResidual) {
  const Tensor x = Tensor::from_vector(ramp(2 * 3 * 8 * 8, -1, 0.01f), {2, 3, 8, 8});
  const Tensor w = Tensor::from_vector(ramp(4 * 3 * 3 * 3, -0.5f, 0.01f), {4, 3, 3, 3});
  const Tensor r = Tensor::from_vector(ramp(2 * 4 * 8 * 8, -4, 0.02f), {2, 4, 8, 8});
  const Tensor once = relu(conv2d(x, w, {}, {1}, "same") + r);
  const Tensor c = conv2d(x, w, {}, {1}, "same");
  c.eval();
  const Tensor sum = c + r;
  sum.eval();
  const std::vector<float> want = relu(sum).to_vector<float>(), got = once.to_vector<float>();
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
}

TEST(Engine, SmallIntegersWrap) {
  const Tensor x = Tensor::from_vector(std::vector<uint8_t>{200, 100}, {2});
  EXPECT_EQ((x + x).to_vector<uint8_t>()[0], 144);
}

TEST(Engine, DeepGraphsNeitherOverflowNorGrow) {
  Tensor x = Tensor::from_vector(ramp(4), {4});
  Tensor y = x;
  for (int i = 0; i < 120'000; ++i) y = y + 1.0;
  EXPECT_EQ(y.to_vector<float>()[1], 120'001.0f);
}

TEST(Engine, EmptyTensors) {
  const Tensor x = Tensor::from_vector(std::vector<float>{}, {0, 3});
  EXPECT_EQ((x + 1.0).to_vector<float>().size(), 0u);
  EXPECT_EQ(reduce(fused::ReduceKind::sum, x, {0}, false).to_vector<float>(), (std::vector<float>{0, 0, 0}));
}

}  // namespace
