// Products and convolutions as ops: layouts, operations folded into their ends, gradients of gradients.
#include <gtest/gtest.h>

#include "support/tensors.h"

using namespace deepseek;
using namespace deepseek::test;

namespace {

Tensor computed(const Tensor& t) {
  t.eval();
  return t;
}

Tensor pooled(const Tensor& t) { return std::get<Tensor>(max_pool2d(t, {2})); }

// <g, f(x)> differentiated twice along random directions must be symmetric: d/ds of the gradient along a, taken along b.
double asymmetry(const std::function<Tensor(const TensorList&)>& f, TensorList x) {
  for (Tensor& t : x) t.set_requires_grad();
  const Tensor y = f(x);
  const TensorList first = autograd::grad({y}, x, {normal<double>(y.shape(), 7)}, true, true);
  const auto along = [&](unsigned seed) {
    Tensor sum_of;
    for (size_t i = 0; i < x.size(); ++i) {
      const Tensor part = sum(first[i] * normal<double>(x[i].shape(), seed + static_cast<unsigned>(i)));
      sum_of = sum_of.defined() ? sum_of + part : part;
    }
    const TensorList second = autograd::grad({sum_of}, x, {}, true, false, true);
    return second;
  };
  const auto dot = [&](const TensorList& g, unsigned seed) {
    double total = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      if (g[i].defined()) total += sum(g[i] * normal<double>(x[i].shape(), seed + static_cast<unsigned>(i))).item();
    }
    return total;
  };
  return std::abs(dot(along(20), 40) - dot(along(40), 20));
}

}  // namespace

TEST(Contraction, ReadsTurnedRoundOperands) {
  const Tensor a = normal<float>({3, 20, 30}, 1), b = normal<float>({30, 40}, 2);
  const Tensor expected = computed(matmul(a, b));
  EXPECT_LT(difference(matmul(turned_round(a), b), expected), 1e-5);
  EXPECT_LT(difference(matmul(a, turned_round(b)), expected), 1e-5);
  EXPECT_LT(difference(matmul(turned_round(a), turned_round(b)), expected), 1e-5);
  EXPECT_LT(difference(transpose(matmul(transpose(b, 0, 1), transpose(a, 1, 2)), 1, 2), expected), 1e-5);
}

TEST(Contraction, EqualsDoubleInAllTypes) {
  const Tensor a = normal<double>({33, 65}, 3), b = normal<double>({65, 47}, 4);
  const Tensor exact = matmul(a, b);
  EXPECT_LT(difference(matmul(to(a, DType::float32), to(b, DType::float32)), exact), 1e-6);
  EXPECT_LT(difference(matmul(to(a, DType::float16), to(b, DType::float16)), exact), 5e-3);
  EXPECT_LT(difference(matmul(to(a, DType::bfloat16), to(b, DType::bfloat16)), exact), 2e-2);
}

// What may be folded into the end of a product equals the steps computed one by one. Each graph is a statement of its own: a
// value that a handle still holds is not folded away.
TEST(Contraction, LinearWithReluAndResidual) {
  const Tensor x = normal<float>({50, 64}, 5), w = normal<float>({48, 64}, 6), b = normal<float>({48}, 7);
  const Tensor r = normal<float>({50, 48}, 8), plain = computed(linear(x, w, b));
  const Tensor activated = relu(linear(x, w, b));
  EXPECT_EQ(difference(activated, computed(relu(plain))), 0);
  const Tensor residual = relu(linear(x, w, b) + r);
  EXPECT_LT(difference(residual, computed(relu(plain + r))), 1e-6);
  const Tensor turned = linear(x, w, b) + turned_round(r);
  EXPECT_LT(difference(turned, computed(plain + r)), 1e-6);
  const Tensor doubled = relu(linear(to(x, DType::float64), to(w, DType::float64)) + to(r, DType::float64));
  EXPECT_LT(difference(doubled, computed(relu(plain - b + r))), 1e-5);
}

TEST(Contraction, ConvolutionWithReluAndResidual) {
  const Tensor x = normal<float>({4, 16, 12, 10}, 9), w = normal<float>({32, 16, 3, 3}, 10), b = normal<float>({32}, 11);
  const Tensor plain = computed(conv2d(x, w, b, {1}, 1)), r = normal<float>(plain.shape(), 12);
  EXPECT_LT(difference(plain, conv2d(to(x, DType::float64), to(w, DType::float64), to(b, DType::float64), {1}, 1)), 1e-6);
  const Tensor activated = relu(conv2d(x, w, b, {1}, 1));
  EXPECT_LT(difference(activated, computed(relu(plain))), 1e-6);
  const Tensor residual = relu(conv2d(x, w, b, {1}, 1) + r);
  EXPECT_LT(difference(residual, computed(relu(plain + r))), 1e-6);
  const Tensor after = relu(conv2d(x, w, b, {1}, 1)) + turned_round(r);
  EXPECT_LT(difference(after, computed(relu(plain) + r)), 1e-6);
  const Tensor doubled = relu(conv2d(to(x, DType::float64), to(w, DType::float64), to(b, DType::float64), {1}, 1) +
                              to(r, DType::float64));
  EXPECT_LT(difference(doubled, computed(relu(plain + r))), 1e-6);
}

TEST(Contraction, ChainOfConvolutionsKeepsShapes) {
  const Tensor x = normal<float>({2, 3, 9, 9}, 13), w1 = normal<float>({8, 3, 3, 3}, 14), w2 = normal<float>({8, 8, 3, 3}, 15);
  const Tensor y = pooled(relu(conv2d(x, w1))), z = conv2d(y, w2);
  const Tensor y1 = computed(relu(conv2d(x, w1)));
  EXPECT_LT(difference(z, conv2d(contiguous(computed(pooled(y1))), w2)), 1e-6);
  EXPECT_LT(difference(sum(z, {0, 2, 3}), sum(contiguous(computed(z)), {0, 2, 3})), 1e-5);
}

TEST(Contraction, SecondGradientsAreSymmetric) {
  EXPECT_LT(asymmetry([](const TensorList& x) { return matmul(x[0], x[1]); }, {normal<double>({2, 3, 4}, 1),
                                                                               normal<double>({4, 5}, 2)}), 1e-9);
  EXPECT_LT(asymmetry([](const TensorList& x) { return linear(x[0], x[1], x[2]); },
                      {normal<double>({2, 3, 4}, 1), normal<double>({5, 4}, 2), normal<double>({5}, 3)}), 1e-9);
  EXPECT_LT(asymmetry([](const TensorList& x) { return conv2d(x[0], x[1], x[2], {2}, 1, {1}, 2); },
                      {normal<double>({2, 4, 5, 6}, 1), normal<double>({6, 2, 3, 3}, 2), normal<double>({6}, 3)}), 1e-8);
  EXPECT_LT(asymmetry([](const TensorList& x) { return conv_transpose2d(x[0], x[1], std::nullopt, {2}, {1}, {1}); },
                      {normal<double>({2, 4, 3, 3}, 1), normal<double>({4, 3, 3, 3}, 2)}), 1e-8);
}

TEST(Contraction, NoPixelsNoRows) {
  const Tensor w = normal<float>({4, 3, 3, 3}, 1).set_requires_grad();
  const Tensor y = conv2d(normal<float>({0, 3, 5, 5}, 2), w);
  EXPECT_EQ(y.shape(), (Shape{0, 4, 3, 3}));
  sum(y).backward();
  EXPECT_EQ(difference(w.grad(), zeros({4, 3, 3, 3})), 0);
  EXPECT_EQ(difference(matmul(normal<float>({3, 0}, 1), normal<float>({0, 2}, 1)), zeros({3, 2})), 0);
}
