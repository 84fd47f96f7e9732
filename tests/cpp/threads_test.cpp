// Several host threads read one tensor, run one model, record and evaluate at once. The thread sanitizer watches it too.
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "deepseek/nn/activation.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/sequential.h"
#include "gtest/gtest.h"
#include "support/tensors.h"

using namespace deepseek;

namespace {

constexpr int threads = 4;

// Runs body(thread) on all threads, which start as nearly together as they can.
void together(const std::function<void(int)>& body) {
  std::atomic<int> waiting = threads;
  std::vector<std::thread> hosts;
  for (int t = 0; t < threads; ++t) {
    hosts.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      body(t);
    });
  }
  for (std::thread& host : hosts) host.join();
}

using Floats = std::vector<float>;

Tensor counted(int64_t n) {
  Floats v(static_cast<size_t>(n));
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i % 1000);
  return Tensor::from_vector(v, {n});
}

}  // namespace

TEST(Threads, ReadOnePendingTensor) {
  for (int round = 0; round < 100; ++round) {
    const Tensor x = counted(64), pending = x * 2.0 + 1.0, on_top = pending * pending;
    std::vector<Floats> seen(threads);
    together([&](int t) { seen[static_cast<size_t>(t)] = (t % 2 ? pending : on_top).to_vector<float>(); });
    for (size_t t = 0; t < threads; ++t) {
      for (size_t i = 0; i < 64; ++i) {
        const float p = static_cast<float>(2 * i + 1);
        ASSERT_EQ(seen[t][i], t % 2 ? p : p * p);
      }
    }
  }
}

TEST(Threads, ComputeFromOneTensorAndItsViews) {
  const Tensor x = counted(4096).set_requires_grad();
  const Tensor number(3.0);
  std::atomic<int> wrong = 0;
  together([&](int t) {
    for (int round = 0; round < 50; ++round) {
      const Tensor rows = reshape(x, {64, 64}), turned = transpose(rows, 0, 1), alias = x.detach();
      const Tensor y = select(turned, 0, t) * number + select(rows, 0, t);
      const Floats seen = y.to_vector<float>(), whole = alias.to_vector<float>();
      for (int64_t i = 0; i < 64; ++i) {
        const auto down = static_cast<float>((i * 64 + t) % 1000), along = static_cast<float>((t * 64 + i) % 1000);
        wrong += seen[static_cast<size_t>(i)] != down * 3 + along;
        wrong += whole[static_cast<size_t>(i)] != static_cast<float>(i % 1000);
      }
      wrong += number.item() != 3 || number.buffer().storage->bytes() < 4;
    }
  });
  EXPECT_EQ(wrong, 0);
}

// A view is derived again at its next use after a write through the base.
TEST(Threads, ReadOneViewAfterItsBaseWasWritten) {
  for (int round = 0; round < 100; ++round) {
    const Tensor x = counted(32);
    const Tensor view = transpose(reshape(x, {4, 8}), 0, 1), part = narrow(view, 0, 1, 2);
    Tensor base = x;
    base.assign(x + static_cast<double>(round));
    std::vector<Floats> seen(threads), parts(threads);
    together([&](int t) {
      parts[static_cast<size_t>(t)] = (part * 1.0).to_vector<float>();
      seen[static_cast<size_t>(t)] = view.to_vector<float>();
    });
    for (size_t t = 0; t < threads; ++t) {
      ASSERT_EQ(seen[t][1], static_cast<float>(8 + round));
      ASSERT_EQ(parts[t][0], static_cast<float>(1 + round));
    }
  }
}

// The tensor becomes the base of its next views when the old base is gone.
TEST(Threads, ViewsOfAViewWhoseBaseIsGone) {
  for (int round = 0; round < 100; ++round) {
    const Tensor view = transpose(reshape(counted(32), {4, 8}), 0, 1);
    std::atomic<int> wrong = 0;
    together([&](int t) {
      for (int i = 0; i < 4; ++i) wrong += select(select(view, 0, t), 0, i).item() != t + 8 * i;
    });
    ASSERT_EQ(wrong, 0);
  }
}

TEST(Threads, RunOneModelFromItsFirstCall) {
  for (int round = 0; round < 5; ++round) {
    auto net = nn::make<nn::Sequential>(nn::make<nn::Linear>(16), nn::make<nn::LayerNorm>(16), nn::make<nn::ReLU>(),
                                        nn::make<nn::Linear>(4));
    net->train(false);
    std::vector<Tensor> x(threads), y(threads);
    for (size_t t = 0; t < threads; ++t) x[t] = test::normal<float>({8, 12}, static_cast<unsigned>(t));
    together([&](int t) {
      for (int i = 0; i < 20; ++i) {
        y[static_cast<size_t>(t)] = (*net)(x[static_cast<size_t>(t)]);
        y[static_cast<size_t>(t)].eval();
      }
    });
    for (size_t t = 0; t < threads; ++t) {
      const Tensor alone = (*net)(x[t]);
      EXPECT_EQ(y[t].to_vector<float>(), alone.to_vector<float>());
    }
  }
}

// One thread computes what the others record on; large enough that its threads take part.
TEST(Threads, RecordOnWhatAnotherThreadEvaluates) {
  const Tensor x = counted(1 << 16);
  for (int round = 0; round < 20; ++round) {
    const Tensor shared = x * 2.0;
    Tensor deep = shared;
    for (int i = 0; i < 8; ++i) deep = deep + 1.0;
    std::vector<Tensor> recorded(threads);
    together([&](int t) {
      if (t == 0) deep.eval();
      Tensor mine = shared;
      for (int i = 0; i < 50; ++i) mine = mine + static_cast<double>(t);
      recorded[static_cast<size_t>(t)] = mine;
    });
    EXPECT_EQ(deep.to_vector<float>()[7], 22);
    for (size_t t = 0; t < threads; ++t) {
      ASSERT_EQ(recorded[t].to_vector<float>()[7], static_cast<float>(14 + 50 * t));
    }
  }
}

// Gradients of a shared parameter are asked for on each thread by itself.
TEST(Threads, GradientsOfOneParameter) {
  const Tensor w = test::normal<float>({8, 8}, 1).set_requires_grad();
  std::vector<Floats> seen(threads);
  together([&](int t) {
    for (int i = 0; i < 30; ++i) {
      const Tensor x = Tensor::from_vector(Floats(8, static_cast<float>(t + 1)), {1, 8});
      seen[static_cast<size_t>(t)] = autograd::grad({sum(matmul(x, w) * 2.0)}, {w})[0].to_vector<float>();
    }
  });
  for (size_t t = 0; t < threads; ++t) EXPECT_EQ(seen[t], Floats(64, static_cast<float>(2 * (t + 1))));
}

// backward() on several threads adds up in one .grad.
TEST(Threads, BackwardIntoOneParameter) {
  const Tensor w = test::normal<float>({4}, 1).set_requires_grad();
  together([&](int t) {
    for (int i = 0; i < 30; ++i) sum(w * static_cast<double>(t + 1)).backward();
  });
  EXPECT_EQ(w.grad().to_vector<float>(), Floats(4, 300));
}

// What a thread has written in place and not computed is computed by whoever reads it.
TEST(Threads, ReadWhatAnotherThreadHasWritten) {
  for (int round = 0; round < 100; ++round) {
    Tensor x = counted(128);
    const Tensor head = narrow(x, 0, 0, 4);
    x.assign(x + 5.0);
    std::atomic<int> wrong = 0;
    together([&](int t) {
      wrong += (t % 2 ? head : x).to_vector<float>()[3] != 8;
      wrong += (x * 1.0).to_vector<float>()[127] != 132;
    });
    ASSERT_EQ(wrong, 0);
    EXPECT_EQ((x + 1.0).to_vector<float>()[0], 6);
  }
}
