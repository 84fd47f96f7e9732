// In-place writes that wait for an evaluation: what becomes of them when it fails, and when their tensors die
// meanwhile.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "deepseek/ops.h"
#include "deepseek/ops/op.h"

using namespace deepseek;

namespace {

struct Failing : KernelOp {
  static constexpr OpInfo info{.name = "failing"};
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient{"a test's own"};
  Spec infer(Specs in) const { return *in[0]; }
  void cpu(const KernelArgs&) const { raise_value("failing: on purpose"); }
};

Tensor numbers(float first) {
  return Tensor::from_vector<float>({first, first + 1, first + 2}, {3});
}
std::vector<float> values(const Tensor& t) {
  return t.to_vector<float>();
}

TEST(PendingWrites, TheFailedOneIsUndoneTheOthersAreComputed) {
  Tensor good = numbers(0), bad = numbers(10), last = numbers(20);
  // Old values that somebody holds are not overwritten, so that the writes can be computed after the failure.
  const Value held[] = {good.value(), last.value()};
  good.assign(good + 1.0);
  bad.assign(apply(Failing{}, bad));
  last.assign(last * 2.0);
  EXPECT_THROW((numbers(1) + 1.0).eval(), Error)
      << "nothing pending was needed for it, but every evaluation computes the writes";
  EXPECT_EQ(values(good), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(values(bad), (std::vector<float>{10, 11, 12}));
  EXPECT_EQ(values(last), (std::vector<float>{40, 42, 44}));
}

// Computing one write ends the life of tensors whose writes wait in the same list, before and after it.
TEST(PendingWrites, TensorsMayDieWhileAFailureIsSettled) {
  struct Victims {
    Tensor early, late;
  };
  auto victims = std::make_shared<Victims>(Victims{numbers(0), numbers(3)});
  victims->early.assign(victims->early + 1.0);
  Tensor killer = numbers(5), bad = numbers(10);
  {
    const Tensor leaf = numbers(7).set_requires_grad();
    const Tensor through = leaf * 1.0;
    through.register_hook([victims](const Tensor&) { return Tensor(); });  // goes away with the node
    const NoGradGuard no_grad;
    killer.assign(through + 1.0);
  }
  victims->late.assign(victims->late + 1.0);
  bad.assign(apply(Failing{}, bad));
  const std::weak_ptr<Victims> alive = victims;
  victims.reset();
  EXPECT_FALSE(alive.expired());
  EXPECT_THROW((numbers(1) + 1.0).eval(), Error);
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(values(killer), (std::vector<float>{8, 9, 10}));
  EXPECT_EQ(values(bad), (std::vector<float>{10, 11, 12}));
  // Memory that was given back twice would be handed out twice.
  std::vector<Tensor> fresh;
  for (int i = 0; i < 16; ++i) fresh.push_back(numbers(static_cast<float>(i)));
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values(fresh[static_cast<size_t>(i)])[0], static_cast<float>(i));
    for (int k = 0; k < i; ++k) EXPECT_FALSE(fresh[static_cast<size_t>(i)].same(fresh[static_cast<size_t>(k)]));
  }
}

// A tensor that one thread has written in place dies on another one while the first evaluates its list.
TEST(PendingWrites, TensorsMayDieOnAnotherThread) {
  constexpr int rounds = 500;
  std::atomic<Tensor*> handed{nullptr};
  std::thread undertaker([&] {
    for (int i = 0; i < rounds; ++i) {
      Tensor* t = nullptr;
      while (!(t = handed.exchange(nullptr))) std::this_thread::yield();
      delete t;
    }
  });
  double total = 0;
  for (int i = 0; i < rounds; ++i) {
    auto* t = new Tensor(numbers(1));
    Tensor kept = numbers(2);
    t->assign(*t + 1.0);
    kept.assign(kept + 1.0);
    handed = t;
    total += values(kept)[0];
    while (handed.load()) std::this_thread::yield();
  }
  undertaker.join();
  EXPECT_EQ(total, 3.0 * rounds);
}

}  // namespace
