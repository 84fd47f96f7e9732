#include <cmath>

#include <gtest/gtest.h>

#include "deepseek/graph/operators.h"
#include "deepseek/optim/clip.h"
#include "deepseek/optim/lr_scheduler.h"
#include "deepseek/optim/optimizers.h"

using namespace deepseek;
using namespace deepseek::optim;

namespace {

Tensor parameter(std::vector<double> v) {
  const auto n = static_cast<int64_t>(v.size());
  Tensor t = Tensor::from_vector(v, {n});
  t.set_requires_grad();
  return t;
}

void set_gradient(Tensor& t, std::vector<double> v) { t.set_grad(Tensor::from_vector(v, t.shape())); }

TEST(Optim, SgdWithMomentum) {
  Tensor p = parameter({1.0, -2.0});
  SGD optimizer({p}, {.lr = 0.1, .momentum = 0.5});
  double x = 1, buffer = 0;
  for (int step = 0; step < 4; ++step) {
    set_gradient(p, {step + 1.0, 0.0});
    optimizer.step();
    buffer = 0.5 * buffer + step + 1;
    x -= 0.1 * buffer;
    EXPECT_NEAR(p.to_vector<double>()[0], x, 1e-12);
  }
  EXPECT_EQ(p.to_vector<double>()[1], -2.0);
}

TEST(Optim, AdamWMatchesItsFormula) {
  Tensor p = parameter({0.5});
  AdamW optimizer({p}, {.lr = 0.1, .weight_decay = 0.2});
  double x = 0.5, m = 0, v = 0;
  for (int t = 1; t <= 5; ++t) {
    const double g = std::sin(t);
    set_gradient(p, {g});
    optimizer.step();
    x *= 1 - 0.1 * 0.2;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= 0.1 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(p.item(), x, 1e-12);
  }
}

TEST(Optim, StateGoesOnElsewhere) {
  Tensor p = parameter({1.0});
  Adam first({p}, {.lr = 0.1});
  for (int i = 0; i < 3; ++i) {
    set_gradient(p, {1.0 + i});
    first.step();
  }
  Tensor q = parameter({p.item()});
  Adam second({q}, {.lr = 0.9});
  second.load_state_dict(first.state_dict());
  set_gradient(p, {0.3});
  set_gradient(q, {0.3});
  first.step();
  second.step();
  EXPECT_EQ(p.item(), q.item());
}

TEST(Optim, SchedulesChangeTheRate) {
  Tensor p = parameter({1.0});
  auto optimizer = std::make_shared<SGD>(TensorList{p}, SGDOptions{.lr = 1.0});
  lr_scheduler::StepLR schedule(optimizer, 2, 0.5);
  std::vector<double> seen;
  for (int i = 0; i < 5; ++i) {
    seen.push_back(optimizer->group().number("lr"));
    schedule.step();
  }
  EXPECT_EQ(seen, (std::vector<double>{1, 1, 0.5, 0.5, 0.25}));
}

TEST(Optim, NormIsClipped) {
  Tensor p = parameter({0, 0}), q = parameter({0});
  set_gradient(p, {3, 0});
  set_gradient(q, {4});
  EXPECT_NEAR(nn::utils::clip_grad_norm_({p, q}, 1.0).item(), 5.0, 1e-12);
  EXPECT_NEAR(q.grad().item(), 4 / (5 + 1e-6), 1e-12);
}

TEST(Optim, MistakesRaise) {
  Tensor p = parameter({1.0});
  EXPECT_THROW(SGD(TensorList{}), Error);
  EXPECT_THROW(SGD({p}, {.lr = -1}), Error);
  EXPECT_THROW(SGD({p, p}), Error);
  EXPECT_THROW(Adam({p}, {.betas = {1.5, 0.9}}), Error);
}

}  // namespace
