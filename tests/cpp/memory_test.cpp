// Predictions and budgets from C++; what they say is checked against the allocator's books.
#include <gtest/gtest.h>

#include "deepseek/graph/operators.h"
#include "deepseek/memory/predict.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/sequential.h"
#include "deepseek/ops.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/optim/optimizers.h"
#include "deepseek/scheduler/budget.h"

namespace deepseek {
namespace {

struct Training {
  Ref<nn::Sequential> model;
  Tensor x = randn({512, 64});
  std::unique_ptr<optim::SGD> optimizer;

  Training() {
    manual_seed(3);
    x.eval();
    nn::NamedModules layers;
    for (int i = 0; i < 12; ++i) {
      layers.emplace_back(concat("linear", i), Ref<nn::Module>(new nn::Linear(64)));
      layers.emplace_back(concat("tanh", i), Ref<nn::Module>(new nn::Tanh()));
    }
    model = Ref<nn::Sequential>(new nn::Sequential(layers));
    {
      NoGradGuard no_grad;
      (*model)(x).eval();
    }
    optimizer = std::make_unique<optim::SGD>(optim::one_group(model->parameters()), optim::SGDOptions{.lr = 0.1});
  }
  void step() {
    const Tensor y = (*model)(x);
    sum(y * y).backward();
    optimizer->step();
    optimizer->zero_grad();
  }
  std::vector<float> weights() const { return model->parameters()[0].detach().to_vector<float>(); }
};

TEST(Memory, PredictionIsWhatTheStepTakes) {
  Training t;
  t.step();
  const std::vector<float> before = t.weights();
  const memory::Prediction p = memory::predict([&] { t.step(); });
  EXPECT_EQ(before, t.weights());
  const int64_t in_use = memory_stats().in_use;
  reset_peak_memory();
  t.step();
  const int64_t taken = memory_stats().peak - in_use;
  EXPECT_NEAR(static_cast<double>(p.peak), static_cast<double>(taken), 0.02 * static_cast<double>(taken));
  EXPECT_FALSE(p.holdings.empty());
}

TEST(Memory, ABudgetIsKeptAndChangesNoBit) {
  Training a, b;
  a.step();
  b.step();
  const int64_t peak = memory::predict([&] { b.step(); }).peak, in_use = memory_stats().in_use;
  a.step();
  {
    const MemoryBudgetGuard budget(in_use + peak * 3 / 4);
    reset_peak_memory();
    b.step();
    EXPECT_LE(memory_stats().peak, in_use + peak * 3 / 4);
  }
  EXPECT_EQ(a.weights(), b.weights());
}

TEST(Memory, ABudgetThatCannotBeKeptNamesTheLeastAndUndoesTheStep) {
  Training t;
  t.step();
  const std::vector<float> before = t.weights();
  {
    const MemoryBudgetGuard budget(memory_stats().in_use + 100);
    EXPECT_THROW(t.step(), OutOfBudget);
  }
  EXPECT_EQ(before, t.weights());
}

}  // namespace
}  // namespace deepseek
