// Norms, softmax, losses over classes and attention where samples of the functions do not reach.
#include <gtest/gtest.h>

#include <limits>

#include "support/tensors.h"

using namespace deepseek;
using namespace deepseek::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor doubles(const Tensor& t) { return to(t, DType::float64); }

}  // namespace

TEST(Norm, VarianceKeepsItsDigitsUnderALargeMean) {
  const Tensor x = normal<float>({16, 8, 6, 5}, 1, 3000), rows = normal<float>({64, 100}, 2, -2000);
  EXPECT_LT(difference(batch_norm(x, {}, {}, {}, {}, true), batch_norm(doubles(x), {}, {}, {}, {}, true)), 2e-3);
  EXPECT_LT(difference(layer_norm(rows, {100}), layer_norm(doubles(rows), {100})), 2e-3);
}

TEST(Norm, RunningStatisticsFollowTheBatch) {
  const Tensor x = normal<double>({4, 3, 5}, 3, 2);
  Tensor mean = zeros({3}, DType::float64), variance = ones({3}, DType::float64);
  batch_norm(x, mean, variance, {}, {}, true, 0.25).eval();
  EXPECT_LT(difference(mean, deepseek::mean(x, {0, 2}) * 0.25), 1e-14);
  EXPECT_LT(difference(variance, var(x, {0, 2}) * 0.25 + 0.75), 1e-14);
  const Tensor before = mean.detach();
  const std::vector<double> kept = mean.to_vector<double>();
  batch_norm(x, mean, variance, {}, {}, false).eval();
  EXPECT_EQ(mean.to_vector<double>(), kept);
}

TEST(Norm, ChannelsLastGivesTheSameStatistics) {
  const Tensor x = normal<float>({5, 7, 6, 4}, 4), w = normal<float>({7}, 5), b = normal<float>({7}, 6);
  const Tensor last = permute(contiguous(permute(x, {0, 2, 3, 1})), {0, 3, 1, 2});
  last.eval();
  EXPECT_LT(difference(batch_norm(last, {}, {}, w, b, true), batch_norm(x, {}, {}, w, b, true)), 1e-5);
}

TEST(Norm, GradientsOfFloat32EqualThoseOfFloat64) {
  const auto run = [](DType type) {
    Tensor x = to(normal<double>({6, 5, 4, 4}, 7), type).set_requires_grad(), w = to(normal<double>({5}, 8),
                                                                                     type).set_requires_grad(),
           b = to(normal<double>({5}, 9), type).set_requires_grad();
    const Tensor y = relu(batch_norm(x, {}, {}, w, b, true));
    return autograd::grad({y}, {x, w, b}, {to(normal<double>(y.shape(), 10), type)});
  };
  const TensorList narrow = run(DType::float32), exact = run(DType::float64);
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_LT(difference(narrow[i], exact[i]), 1e-5);
}

TEST(Softmax, LargeScoresAndEmptyLines) {
  const Tensor x = Tensor::from_vector<float>({1000, 1001, -1000, static_cast<float>(-infinity), 0, 0}, {2, 3});
  EXPECT_LT(difference(softmax(x), softmax(doubles(x))), 1e-6);
  EXPECT_LT(difference(log_softmax(x), log_softmax(doubles(x))), 1e-6);
  EXPECT_EQ(softmax(zeros({3, 0})).eval().shape(), (Shape{3, 0}));
  EXPECT_EQ(softmax(Tensor::from_vector<float>({3}, {})).item(), 1.0);
}

TEST(CrossEntropy, ClassesThatCannotHappenCostNothing) {
  Tensor x = Tensor::from_vector<double>({1, 2, -infinity, -infinity, 0.5, 0.25}, {2, 3});
  x.set_requires_grad();
  const Tensor loss = cross_entropy(x, Tensor::from_vector<int64_t>({1, 2}, {2}));
  const double expected = (-std::log(std::exp(2.0) / (std::exp(1.0) +
                                                      std::exp(2.0))) - std::log(std::exp(0.25) / (std::exp(0.5) +
                                                          std::exp(0.25)))) / 2;
  EXPECT_NEAR(loss.item(), expected, 1e-12);
  loss.backward();
  for (double g : x.grad().to_vector<double>()) EXPECT_TRUE(std::isfinite(g));
}

TEST(CrossEntropy, NothingToCountIsNaNAsAMeanAndZeroAsASum) {
  const Tensor x = normal<float>({2, 3}, 1), ignored = Tensor::from_vector<int64_t>({-100, -100}, {2});
  EXPECT_TRUE(std::isnan(cross_entropy(x, ignored).item()));
  EXPECT_EQ(cross_entropy(x, ignored, {}, -100, "sum").item(), 0.0);
  EXPECT_EQ(cross_entropy(normal<float>({0, 3}, 1), Tensor::from_vector<int64_t>({}, {0}), {}, -100, "sum").item(), 0.0);
}

TEST(CrossEntropy, LabelsOutsideTheClassesAreNamed) {
  const Tensor x = normal<float>({2, 3}, 1);
  for (int64_t wrong : {3, -1}) {
    const Tensor loss = cross_entropy(x, Tensor::from_vector<int64_t>({0, wrong}, {2}));
    try {
      loss.item();
      ADD_FAILURE() << "accepted " << wrong;
    } catch (const Error& e) {
      EXPECT_TRUE(std::string(e.what()).find("target " + std::to_string(wrong)) != std::string::npos) << e.what();
    }
  }
}

TEST(Embedding, GradientsOfEqualRowsAreAdded) {
  Tensor w = normal<double>({5, 3}, 1).set_requires_grad();
  const Tensor up = normal<double>({6, 3}, 2), rows = Tensor::from_vector<int64_t>({1, 4, 1, 1, 0, 4}, {6});
  const Tensor g = autograd::grad({embedding(rows, w, 4)}, {w}, {up})[0];
  EXPECT_LT(difference(select(g, 0, 1), select(up, 0, 0) + select(up, 0, 2) + select(up, 0, 3)), 1e-15);
  EXPECT_EQ(difference(select(g, 0, 4), zeros({3})), 0);
  EXPECT_EQ(difference(select(g, 0, 2), zeros({3})), 0);
}

// float32 goes in tiles, float64 through products and softmax.
TEST(Attention, TilesEqualProductsInEveryDerivative) {
  for (bool causal : {false, true}) {
    const auto run = [&](DType type) {
      TensorList x{to(normal<double>({2, 3, 9, 8}, 1), type), to(normal<double>({2, 3, 9, 8}, 2), type),
                   to(normal<double>({2, 3, 9, 4}, 3), type)};
      for (Tensor& t : x) t.set_requires_grad();
      const Tensor y = scaled_dot_product_attention(x[0], x[1], x[2], {}, 0.0, causal);
      TensorList all = autograd::grad({y}, x, {to(normal<double>(y.shape(), 4), type)}, true, true);
      TensorList directions;
      for (size_t i = 0; i < 3; ++i) directions.push_back(to(normal<double>(x[i].shape(), 5), type));
      const TensorList second = autograd::grad(all, x, directions);
      all.push_back(y);
      all.insert(all.end(), second.begin(), second.end());
      return all;
    };
    const TensorList tiles = run(DType::float32), exact = run(DType::float64);
    for (size_t i = 0; i < exact.size(); ++i) EXPECT_LT(difference(tiles[i], exact[i]), 2e-5) << i << (causal ? " causal" : "");
  }
}

TEST(Attention, MasksSayWhereToLook) {
  const Tensor q = normal<float>({2, 2, 5, 4}, 1), k = normal<float>({2, 2, 6, 4}, 2), v = normal<float>({2, 2, 6, 4}, 3);
  const Tensor seen = normal<float>({5, 6}, 4) > -0.5;
  EXPECT_LT(difference(scaled_dot_product_attention(q, k, v, seen), scaled_dot_product_attention(doubles(q), doubles(k),
      doubles(v), seen)), 1e-5);
}
