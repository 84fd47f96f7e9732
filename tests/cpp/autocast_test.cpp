// What amp::autocast records: types by class, casts of parameters kept for the scope, scopes that end as they began.
#include "deepseek/amp/autocast.h"

#include <gtest/gtest.h>

#include <thread>

#include "deepseek/amp/grad_scaler.h"
#include "deepseek/nn.h"
#include "deepseek/nn/model.h"
#include "deepseek/optim/optimizers.h"
#include "support/tensors.h"

using namespace deepseek;
using namespace deepseek::test;

namespace {

Tensor leaf(const Shape& shape, unsigned seed) { return normal<float>(shape, seed).set_requires_grad(); }

// The value that an op reads in the place of its operand.
const Node* operand(const Tensor& result, size_t i) { return result.value().node->inputs()[i].node.get(); }

}  // namespace

TEST(Autocast, ClassesGiveTheTypesOfResults) {
  const Tensor x = normal<float>({4, 8}, 1), w = normal<float>({8, 8}, 2), b16 = to(x, DType::bfloat16);
  const amp::autocast mixed;
  EXPECT_EQ(matmul(x, w).dtype(), DType::bfloat16);
  EXPECT_EQ(matmul(b16, w).dtype(), DType::bfloat16);
  EXPECT_EQ(softmax(b16).dtype(), DType::float32);
  EXPECT_EQ(sum(b16).dtype(), DType::float32);
  EXPECT_EQ(relu(b16).dtype(), DType::bfloat16);
  EXPECT_EQ((b16 + x).dtype(), DType::float32);
  EXPECT_EQ((b16 + 1.5).dtype(), DType::bfloat16);
  EXPECT_EQ(cat({b16, x}).dtype(), DType::float32);
  EXPECT_EQ(layer_norm(b16, {8}, normal<float>({8}, 3)).dtype(), DType::bfloat16);
}

TEST(Autocast, Float64StaysAsItIs) {
  const Tensor x = normal<double>({4, 8}, 1), w = normal<double>({8, 8}, 2);
  const amp::autocast mixed;
  EXPECT_EQ(matmul(x, w).dtype(), DType::float64);
  EXPECT_THROW(matmul(x, normal<float>({8, 8}, 2)), Error);
}

TEST(Autocast, ScopesNestAndEndAsTheyBegan) {
  EXPECT_FALSE(amp::is_autocast_enabled());
  const Tensor x = normal<float>({2, 2}, 1);
  {
    const amp::autocast outer(DType::float16);
    EXPECT_EQ(matmul(x, x).dtype(), DType::float16);
    {
      const amp::autocast off(DType::bfloat16, false);
      EXPECT_EQ(matmul(x, x).dtype(), DType::float32);
      const amp::autocast again;
      EXPECT_EQ(matmul(x, x).dtype(), DType::bfloat16);
    }
    EXPECT_EQ(amp::get_autocast_dtype(), DType::float16);
    std::thread([&] { EXPECT_EQ(matmul(x, x).dtype(), DType::float32); }).join();
  }
  EXPECT_EQ(matmul(x, x).dtype(), DType::float32);
  EXPECT_THROW(amp::autocast refused(DType::float32), Error);
  EXPECT_FALSE(amp::is_autocast_enabled());
}

TEST(Autocast, AParameterIsCastOncePerScope) {
  const Tensor w = leaf({8, 8}, 1), x = normal<float>({4, 8}, 2);
  const int before = w.value().node->use_count();
  {
    const amp::autocast mixed;
    const Tensor a = matmul(x, w);
    {
      const amp::autocast off(DType::bfloat16, false);
    }
    const Tensor b = matmul(a, w);
    EXPECT_EQ(operand(a, 1), operand(b, 1));
    EXPECT_NE(operand(a, 0), operand(matmul(x, w), 0));  // not a parameter
    const amp::autocast other(DType::float16);
    EXPECT_NE(operand(matmul(x, w), 1), operand(a, 1));
  }
  EXPECT_EQ(w.value().node->use_count(), before);
}

TEST(Autocast, AWrittenParameterIsCastAgain) {
  Tensor w = leaf({8, 8}, 1);
  const Tensor x = normal<float>({4, 8}, 2);
  const amp::autocast mixed;
  const Tensor a = matmul(x, w).eval();
  {
    const NoGradGuard no_grad;
    w.assign(w * 2.0);
  }
  EXPECT_LT(difference(matmul(x, w), a * 2.0), 1e-6);
}

TEST(Autocast, CastsAreNotSharedAcrossModesOfGradients) {
  const Tensor w = leaf({8, 8}, 1), x = normal<float>({4, 8}, 2);
  const amp::autocast mixed;
  {
    const NoGradGuard no_grad;
    matmul(x, w).eval();
  }
  sum(matmul(x, w)).backward();
  ASSERT_TRUE(w.grad().defined());
  EXPECT_EQ(w.grad().dtype(), DType::float32);
  const Tensor first = w.grad() * 2.0;
  first.eval();
  sum(matmul(x, w)).backward();  // the tape of the kept cast is gone
  EXPECT_LT(difference(w.grad(), first), 1e-6);
}

TEST(Autocast, NothingOfALoopInsideOneScopePilesUp) {
  auto layer = nn::make<nn::Linear>(256);
  (*layer)(normal<float>({1, 256}, 1));
  optim::SGD sgd(layer->parameters(), {.lr = 0.01});
  const Tensor x = normal<float>({16, 256}, 2);
  const amp::autocast mixed;
  int64_t in_use = 0;
  for (int i = 0; i < 12; ++i) {
    sgd.zero_grad();
    mean((*layer)(x)).backward();
    sgd.step();
    if (i == 3) in_use = memory_stats().in_use;
  }
  EXPECT_LE(memory_stats().in_use, in_use + 1024);
}

TEST(Autocast, ModulesAndSymbolicModelsHaveFloat32Gradients) {
  auto net = nn::make<nn::Sequential>(nn::make<nn::Conv2d>(4, 3), nn::make<nn::BatchNorm2d>(), nn::make<nn::Flatten>(),
                                      nn::make<nn::Linear>(3));
  const Tensor x = normal<float>({5, 2, 8, 8}, 1), target = Tensor::from_vector<int64_t>({0, 1, 2, 0, 1}, {5});
  (*net)(x);
  const Tensor symbol = nn::Input({2, 8, 8});
  Ref<nn::Model> model;
  {
    const amp::autocast mixed;  // what is recorded inside keeps its casts
    model = nn::make<nn::Model>(TensorList{symbol}, TensorList{exp((*net)(symbol))});
  }
  EXPECT_EQ((*model)(x).dtype(), DType::float32);
  Tensor loss;
  {
    const amp::autocast mixed;
    const Tensor y = (*net)(x);
    EXPECT_EQ(y.dtype(), DType::bfloat16);
    loss = cross_entropy(y, target);
  }
  EXPECT_EQ(loss.dtype(), DType::float32);
  loss.backward();
  for (const auto& p : net->parameters()) EXPECT_EQ(p.grad().dtype(), DType::float32);
}

TEST(GradScaler, SkipsStepsThatAreNotFinite) {
  Tensor w = leaf({4}, 1);
  optim::SGD sgd(TensorList{w}, {.lr = 1.0});
  amp::GradScaler scaler({.init_scale = 8, .growth_interval = 2});
  const std::vector<float> before = w.detach().to_vector<float>();
  w.set_grad(Tensor::from_vector<float>({1, 2, std::numeric_limits<float>::infinity(), 0}, {4}));
  EXPECT_FALSE(scaler.step(sgd));
  EXPECT_THROW(scaler.step(sgd), Error);
  scaler.update();
  EXPECT_EQ(scaler.get_scale(), 4);
  EXPECT_EQ(w.detach().to_vector<float>(), before);
  for (int i = 0; i < 2; ++i) {
    sgd.zero_grad();
    scaler.scale(sum(w)).backward();
    EXPECT_TRUE(scaler.step(sgd));
    scaler.update();
  }
  EXPECT_EQ(scaler.get_scale(), 8);
  EXPECT_LT(std::abs(w.detach().to_vector<float>()[0] - (before[0] - 2)), 1e-6);
}
