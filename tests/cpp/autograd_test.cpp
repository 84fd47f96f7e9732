#include "deepseek/autograd/grad.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek {
namespace {

using autograd::grad;

Tensor doubles(const std::vector<double>& values, const Shape& shape, bool requires_grad = true) {
  Tensor t = Tensor::from_vector(values, shape);
  t.set_requires_grad(requires_grad);
  return t;
}
Tensor vec(const std::vector<double>& values, bool requires_grad = true) {
  return doubles(values, {static_cast<int64_t>(values.size())}, requires_grad);
}
Tensor total(const Tensor& t) { return reduce(fused::ReduceKind::sum, t, {}, false); }
std::vector<double> values(const Tensor& t) { return t.to_vector<double>(); }
using List = std::vector<double>;

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
#define EXPECT_MESSAGE(expression, part)                          \
  do {                                                            \
    const std::string message = message_of([&] { expression; });  \
    EXPECT_TRUE(contains(message, part)) << message;              \
  } while (0)

TEST(Backward, AccumulatesOnLeavesAcrossUsesAndCalls) {
  const Tensor x = vec({1, 2, 3});
  total(x * x + x).backward();
  EXPECT_EQ(values(x.grad()), (List{3, 5, 7}));
  const Tensor seen = x.grad();
  total(x * 2.0).backward();
  EXPECT_EQ(values(x.grad()), (List{5, 7, 9}));
  EXPECT_TRUE(seen.same(x.grad()));  // updated in place, as in torch
  EXPECT_EQ(values(seen), (List{5, 7, 9}));
}

TEST(Backward, GradientsOfTwoLeavesAreSeparateTensors) {
  const Tensor a = vec({1, 2}), b = vec({3, 4});
  total(a + b).backward();
  a.grad().assign(a.grad() * 10.0);
  EXPECT_EQ(values(a.grad()), (List{10, 10}));
  EXPECT_EQ(values(b.grad()), (List{1, 1}));
}

TEST(Backward, SumsOverBroadcastDims) {
  const Tensor a = doubles({1, 2, 3, 4, 5, 6}, {2, 3}), b = vec({1, 2, 3}), c = doubles({5, 6}, {2, 1}), d = doubles({2}, {});
  total(a * b * c * d).backward();
  EXPECT_EQ(values(b.grad()), (List{2 * (1 * 5 + 4 * 6), 2 * (2 * 5 + 5 * 6), 2 * (3 * 5 + 6 * 6)}));
  EXPECT_EQ(values(c.grad()), (List{2 * (1 + 4 + 9), 2 * (4 + 10 + 18)}));
  EXPECT_EQ(values(d.grad()), (List{5 * 14 + 6 * 32}));
  EXPECT_EQ(d.grad().rank(), 0);
}

TEST(Backward, ConvertsToTheTypeOfTheInput) {
  Tensor half = to(vec({1, 2}, false), DType::bfloat16);
  half.set_requires_grad();
  const Tensor x = vec({3, 4});
  total(x * half).backward();
  EXPECT_EQ(half.grad().dtype(), DType::bfloat16);
  EXPECT_EQ(values(to(half.grad(), DType::float64)), (List{3, 4}));
  EXPECT_EQ(x.grad().dtype(), DType::float64);
}

TEST(Backward, TakesAGradientForTensorsWithSeveralElements) {
  const Tensor x = vec({1, 2});
  (x * x).backward(vec({10, 100}, false));
  EXPECT_EQ(values(x.grad()), (List{20, 400}));
}

TEST(Backward, WalksLongChainsWithoutRecursion) {
  const Tensor x = doubles({1}, {});
  Tensor y = x;
  for (int i = 0; i < 120'000; ++i) y = y * 1.0;
  y.backward();
  EXPECT_EQ(values(x.grad()), (List{1}));
}

TEST(Backward, FreesTheTapeUnlessToldToRetain) {
  const Tensor x = vec({1, 2});
  const Tensor y = total(x * x);
  y.backward(Tensor(), true);
  y.backward();
  EXPECT_EQ(values(x.grad()), (List{4, 8}));
  EXPECT_MESSAGE(y.backward(), "retain_graph=True");
  y.eval();
  EXPECT_MESSAGE(y.backward(), "was freed by an earlier backward");
}

TEST(Backward, FollowsLeavesThroughInPlaceWrites) {
  Tensor w = vec({1, 2});
  const Tensor old_loss = total(w * w);
  {
    const NoGradGuard no_grad;
    w.assign(w + 10.0);
  }
  EXPECT_TRUE(w.requires_grad() && w.is_leaf());
  total(w * w).backward();
  EXPECT_EQ(values(w.grad()), (List{22, 24}));
  old_loss.backward();  // saved values are not touched by the write
  EXPECT_EQ(values(w.grad()), (List{24, 28}));
}

TEST(Backward, ALeafStaysOneWhenItIsWrittenThroughAView) {
  Tensor w = vec({1, 2});
  {
    const NoGradGuard no_grad;
    Tensor first = slice(w, 0, 0, 1, 1), same = w.detach();
    first.assign(first + 4.0);
    same.assign(same * 2.0);
  }
  EXPECT_TRUE(w.requires_grad() && w.is_leaf());
  total(w * w).backward();
  EXPECT_EQ(values(w), (List{10, 4}));
  EXPECT_EQ(values(w.grad()), (List{20, 8}));
  EXPECT_EQ(values(w.detach()), (List{10, 4}));
}

TEST(Backward, WhatTheTapeReadsIsNotOverwritten) {
  const Tensor x = vec({1, 2});
  Tensor y;
  {
    const Tensor factor = (vec({3, 4}, false) * 1.0).eval();
    y = factor * x;  // from now on only the tape holds the factor
  }
  y.eval();
  total(y).backward();
  EXPECT_EQ(values(x.grad()), (List{3, 4}));
}

TEST(Backward, OutlivesTheLeaf) {
  Tensor y;
  {
    const Tensor x = vec({1, 2});
    y = total(x * x);
  }
  y.backward();
  EXPECT_EQ(y.item(), 5);
}

TEST(Backward, GoesToGivenInputsOnly) {
  const Tensor a = vec({1, 2}), b = vec({3, 4});
  const Tensor h = a * b;
  autograd::backward({total(h * h)}, {}, false, false, {b});
  EXPECT_FALSE(a.grad().defined());
  EXPECT_EQ(values(b.grad()), (List{2 * 3, 2 * 4 * 4}));
}

TEST(Backward, GradientOfAnIntegerResultIsNone) {
  const Tensor x = vec({3, 1, 2});
  EXPECT_FALSE(to(x, DType::int64).requires_grad());
  EXPECT_FALSE((x > 1.0).requires_grad());
}

TEST(BackwardErrors, SayWhatIsWrong) {
  const Tensor x = vec({1, 2});
  EXPECT_MESSAGE((x * x).backward(), "one-element outputs only");
  EXPECT_MESSAGE(total(x.detach() * 2.0).backward(), "does not require grad");
  {
    const NoGradGuard no_grad;
    EXPECT_MESSAGE(total(x).backward(), "does not require grad");
  }
  EXPECT_MESSAGE((x * x).backward(vec({1, 2, 3}, false)), "(3,)");
  EXPECT_MESSAGE(x.detach().retain_grad(), "does not require grad");
  EXPECT_MESSAGE(autograd::backward({}), "no outputs");
}

TEST(GradFunction, SeveralOutputsAndInputs) {
  const Tensor x = vec({1, 2}), y = vec({3, 4});
  const Tensor h = x * y;
  const TensorList g = grad({total(h), total(h * y)}, {x, y, h}, {Tensor(), doubles({10}, {}, false)});
  EXPECT_EQ(values(g[0]), (List{3 + 90, 4 + 160}));
  EXPECT_EQ(values(g[1]), (List{1 + 10 * 2 * 3, 2 + 10 * 2 * 2 * 4}));
  EXPECT_EQ(values(g[2]), (List{1 + 30, 1 + 40}));
  EXPECT_FALSE(x.grad().defined());
}

TEST(GradFunction, SameInputTwiceAndOutputAsInput) {
  const Tensor x = vec({1, 2});
  const Tensor y = total(x);
  const TensorList g = grad({y}, {x, x, y});
  EXPECT_EQ(values(g[0]), (List{1, 1}));
  EXPECT_EQ(values(g[1]), (List{1, 1}));
  EXPECT_EQ(values(g[2]), (List{1}));
}

TEST(GradFunction, UnusedInputs) {
  const Tensor x = vec({1, 2}), unused = vec({1});
  EXPECT_MESSAGE(grad({total(x)}, {x, unused}), "allow_unused=True");
  const TensorList g = grad({total(x)}, {x, unused}, {}, {}, false, true);
  EXPECT_TRUE(g[0].defined());
  EXPECT_FALSE(g[1].defined());
  EXPECT_MESSAGE(grad({total(x)}, {x.detach()}), "does not require grad");
}

TEST(GradFunction, HigherDerivatives) {
  const Tensor x = vec({0.5, 2});
  Tensor d = total(x * x * x * x);
  const double factor[] = {4, 12, 24, 24};
  for (int order = 0; order < 4; ++order) {
    d = grad({total(d)}, {x}, {}, {}, true)[0];
    EXPECT_TRUE(order == 3 || d.requires_grad());
    EXPECT_NEAR(values(d)[1], factor[order] * std::pow(2.0, 3 - order), 1e-12);
  }
}

TEST(GradFunction, WithoutCreateGraphResultsAreOffTheTape) {
  const Tensor x = vec({1, 2}), v = vec({5, 6});
  EXPECT_FALSE(grad({x * x}, {x}, {v})[0].requires_grad());
  EXPECT_FALSE(grad({x + 1.0}, {x}, {v})[0].requires_grad());  // the seed passes through
  EXPECT_TRUE(grad({x * x}, {x}, {v}, {}, true)[0].requires_grad());
}

TEST(Hooks, SeeAndReplaceGradients) {
  const Tensor x = vec({1, 2});
  const Tensor h = x * x;
  std::vector<List> seen;
  h.register_hook([&](const Tensor& g) {
    seen.push_back(values(g));
    return g * 10.0;
  });
  const int id = x.register_hook([&](const Tensor& g) {
    seen.push_back(values(g));
    return Tensor();
  });
  total(h + h).backward(Tensor(), true);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], (List{2, 2}));  // once, with the sum of both uses
  EXPECT_EQ(seen[1], (List{40, 80}));
  EXPECT_EQ(values(x.grad()), (List{40, 80}));
  x.remove_hook(id);
  total(h).backward();
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Hooks, OfALeafStayAfterAnInPlaceWrite) {
  Tensor w = vec({1, 2});
  int calls = 0;
  w.register_hook([&](const Tensor&) { return ++calls, Tensor(); });
  {
    const NoGradGuard no_grad;
    w.assign(w * 2.0);
  }
  total(w).backward();
  EXPECT_EQ(calls, 1);
}

TEST(Hooks, ReturningAnotherShapeIsRefused) {
  const Tensor x = vec({1, 2});
  x.register_hook([](const Tensor&) { return vec({1, 2, 3}, false); });
  EXPECT_MESSAGE(total(x).backward(), "(3,)");
}

TEST(Hooks, MayWalkOtherGraphs) {
  const Tensor x = vec({1, 2}), z = vec({3});
  x.register_hook([&](const Tensor&) {
    const EnableGradGuard enable_grad;
    total(z * z).backward();
    return Tensor();
  });
  total(x * x).backward();
  EXPECT_EQ(values(z.grad()), (List{6}));
  EXPECT_EQ(values(x.grad()), (List{2, 4}));
}

TEST(Hooks, FreeingTheOuterGraphIsRefused) {
  const Tensor x = vec({1, 2});
  const Tensor h = x * x;
  const Tensor y = total(h);
  h.register_hook([&](const Tensor&) {
    const EnableGradGuard enable_grad;
    const Tensor again = total(h * 1.0);
    static bool inside = false;
    if (!inside) {
      inside = true;
      again.backward();
    }
    return Tensor();
  });
  EXPECT_MESSAGE(y.backward(), "freed");
}

TEST(RetainGrad, OfAnInnerTensor) {
  const Tensor x = vec({1, 2});
  const Tensor h = x * 3.0;
  h.retain_grad();
  total(h * h).backward();
  EXPECT_EQ(values(h.grad()), (List{6, 12}));
  EXPECT_EQ(values(x.grad()), (List{18, 36}));
}

TEST(CustomFunction, UsesItsOwnBackward) {
  const Tensor x = vec({1, 2});
  Tensor result;
  {
    const NoGradGuard no_grad;
    result = x * x;
  }
  int calls = 0;
  const Tensor y = autograd::custom_function("Square", {x}, {result}, [&](const TensorList& g) {
    ++calls;
    return TensorList{g[0] * 100.0 * x};
  })[0];
  EXPECT_EQ(values(y), (List{1, 4}));
  EXPECT_TRUE(y.requires_grad());
  total(y).backward();
  EXPECT_EQ(values(x.grad()), (List{100, 200}));
  EXPECT_EQ(calls, 1);
}

TEST(CustomFunction, SeveralOutputsAndUndefinedGradients) {
  const Tensor x = vec({1, 2}), y = vec({3, 4});
  const TensorList out = autograd::custom_function("Pair", {x, y}, {x.detach() * 2.0, y.detach() * 3.0}, [&](const TensorList& g) {
    EXPECT_EQ(values(g[1]), (List{0, 0}));  // nothing depends on the second output
    return TensorList{g[0] * 2.0, Tensor()};
  });
  total(out[0]).backward();
  EXPECT_EQ(values(x.grad()), (List{2, 2}));
  EXPECT_FALSE(y.grad().defined());
}

TEST(CustomFunction, WrongGradientsAreRefused) {
  const Tensor x = vec({1, 2});
  const auto run = [&](TensorList gradients) {
    total(autograd::custom_function("Odd", {x}, {x.detach()}, [&](const TensorList&) { return gradients; })[0]).backward();
  };
  EXPECT_MESSAGE(run({}), "Odd: backward must return one gradient for each of the 1 inputs");
  EXPECT_MESSAGE(run({vec({1, 2, 3}, false)}), "(3,)");
}

struct AnomalyMode {
  AnomalyMode() { autograd::set_detect_anomaly(true); }
  ~AnomalyMode() { autograd::set_detect_anomaly(false); }
};

TEST(Anomaly, NamesTheOpThatMakesNaN) {
  const AnomalyMode mode;
  const Tensor x = vec({1, -1});
  EXPECT_MESSAGE(total(sqrt(x) * 2.0).eval(), "sqrt gave NaN in the forward pass");
  EXPECT_MESSAGE(total(log(x * 0.0)).eval(), "log gave infinity in the forward pass");
}

TEST(Anomaly, NamesTheLayerAndTheBackwardPass) {
  const AnomalyMode mode;
  const Tensor x = vec({0, 1});
  Tensor y;
  {
    const LayerScope outer("Net");
    const LayerScope inner("root");
    y = sqrt(x);
  }
  total(y * 0.0).backward();
  const std::string message = message_of([&] { x.grad().eval(); });
  EXPECT_TRUE(contains(message, "in the backward pass")) << message;
  EXPECT_TRUE(contains(message, "in layer: Net.root")) << message;
}

// The inner walk marks the leaf that the outer one is on its way to.
TEST(Hooks, MayAskForGradientsOfTheSameLeaf) {
  const Tensor w = vec({1, 2, 3});
  const Tensor h = w * 2.0;
  Tensor inner;
  h.register_hook([&](const Tensor&) {
    const EnableGradGuard recorded;
    inner = autograd::grad({sum(w * 3.0)}, {w})[0];
    return Tensor();
  });
  EXPECT_EQ(autograd::grad({sum(h * h)}, {w})[0].to_vector<double>(), (std::vector<double>{8, 16, 24}));
  EXPECT_EQ(inner.to_vector<double>(), (std::vector<double>{3, 3, 3}));
}

TEST(Anomaly, SaysWhenTheInputIsTheCause) {
  const AnomalyMode mode;
  const Tensor x = vec({1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_MESSAGE(total(x * 2.0).eval(), "input 0 holds NaN already");
  EXPECT_EQ(total(vec({1, 2}) * 2.0).item(), 6);  // and goes on
}

}  // namespace
}  // namespace deepseek
