// Corners of fused programs that random ones rarely meet: NaN, empty domains, long sums, long programs, large results, refusals.
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "deepseek/backends/cpu/fused/math.h"
#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/error.h"
#include "fused_program_builder.h"

using namespace fused_test;

namespace {

struct Plus { template <class T> static T lane(T a, T b) { return a + b; } };
struct Minus { template <class T> static T lane(T a, T b) { return a - b; } };
struct Over { template <class T> static T lane(T a, T b) { return a / b; } };
struct Exp { template <class T> static T lane(T a) { return fused::exp(a); } };
inline constexpr const LaneOp& op_plus = lane_op<Plus, Floating>;
inline constexpr const LaneOp& op_minus = lane_op<Minus, Floating>;
inline constexpr const LaneOp& op_over = lane_op<Over, Floating>;
inline constexpr const LaneOp& op_exp = lane_op<Exp, Floating>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();

std::vector<float> noise(size_t n, float low = -1, float high = 1) {
  std::vector<float> x(n);
  uint32_t state = 1;
  for (float& f : x) {
    state = state * 1664525u + 1013904223u;
    f = low + (high - low) * static_cast<float>(state >> 8) * 0x1p-24f;
  }
  return x;
}

TEST(FusedSpecial, MaximumAndMinimumPropagateNaN) {
  for (int64_t n : {1, 3, 31, 32, 40, 600, 5000}) {
    for (int64_t at : {int64_t{0}, n / 2, n - 1}) {
      for (ReduceKind kind : {ReduceKind::max, ReduceKind::min}) {
        for (bool columns : {false, true}) {
          const int64_t kept = 5;
          Builder b(columns ? Dims{n, kept} : Dims{kept, n}, columns ? 1u : 2u);
          const Strides rows = columns ? Strides{0, 1} : Strides{1, 0};
          b.store(b.reduce(kind, b.load(0, contiguous_strides(b.program.domain))), 1, rows);
          std::vector<float> x = noise(static_cast<size_t>(n * kept)), y(5);

          (columns ? x[static_cast<size_t>(at * kept + 1)] : x[static_cast<size_t>(n + at)]) = nan;
          b.run({x.data(), y.data()});
          for (size_t r = 0; r < 5; ++r) EXPECT_EQ(std::isnan(y[r]), r == 1) << n << " " << at;
        }
      }
    }
  }
}

TEST(FusedSpecial, ReductionsOfNothingYieldTheIdentity) {
  for (bool columns : {false, true}) {
    Builder b(columns ? Dims{0, 3} : Dims{3, 0}, columns ? 1u : 2u);
    const Strides rows = columns ? Strides{0, 1} : Strides{1, 0};
    const int x = b.load(0, contiguous_strides(b.program.domain));
    b.store(b.reduce(ReduceKind::sum, x), 1, rows);
    b.store(b.reduce(ReduceKind::prod, x), 2, rows);
    b.store(b.reduce(ReduceKind::max, x), 3, rows);
    b.store(b.reduce(ReduceKind::min, x), 4, rows);
    std::vector<std::vector<float>> y(5, std::vector<float>(3, 7.0f));
    b.run({y[0].data(), y[1].data(), y[2].data(), y[3].data(), y[4].data()});
    EXPECT_EQ(y[1], std::vector<float>(3, 0.0f));
    EXPECT_EQ(y[2], std::vector<float>(3, 1.0f));
    EXPECT_EQ(y[3], std::vector<float>(3, -inf));
    EXPECT_EQ(y[4], std::vector<float>(3, inf));
  }
  Builder none({0, 3}, 2u);
  none.store(none.reduce(ReduceKind::sum, none.load(0, {3, 1})), 1, {1, 0});
  EXPECT_NO_THROW(none.run({nullptr, nullptr}));
}

TEST(FusedSpecial, LongFloatSumsStayAccurate) {
  const int64_t n = 3'000'000;
  const std::vector<float> x = noise(static_cast<size_t>(n), 0.0f, 1.0f);
  const double exact = std::accumulate(x.begin(), x.end(), 0.0);
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    Builder all({n}, 1u);
    all.store(all.reduce(ReduceKind::sum, all.load(0, {1})), 1, {0});
    float total = 0;
    all.run({const_cast<float*>(x.data()), &total});
    EXPECT_NEAR(total / exact, 1.0, 1e-7);
    Builder columns({n / 3, 3}, 1u);
    columns.store(columns.reduce(ReduceKind::sum, columns.load(0, {3, 1})), 1, {0, 1});
    std::vector<float> y(3);
    columns.run({const_cast<float*>(x.data()), y.data()});
    EXPECT_NEAR((double{y[0]} + y[1] + y[2]) / exact, 1.0, 2e-7);
  }
  set_num_threads(2);
}

TEST(FusedSpecial, SoftmaxOfEveryShapeSumsToOne) {
  for (const Dims& domain : {Dims{7, 5}, Dims{300, 10}, Dims{9, 513}, Dims{3, 40'000}, Dims{1, 200'000}}) {
    const int64_t rows = domain[0], n = domain[1];
    std::vector<float> x = noise(static_cast<size_t>(rows * n), -3, 3), y(x.size());
    Builder b(domain, 2u);
    const int v = b.load(0, {n, 1});
    const int e = b.op(op_exp, {b.op(op_minus, {v, b.reduce(ReduceKind::max, v)})});
    b.store(b.op(op_over, {e, b.reduce(ReduceKind::sum, e)}), 1, {n, 1});
    b.run({x.data(), y.data()});
    for (int64_t r = 0; r < rows; ++r) {
      double total = 0;
      for (int64_t i = 0; i < n; ++i) total += std::exp(double{x[static_cast<size_t>(r * n + i)]});
      for (int64_t i = 0; i < n; i += 1 + n / 50) {
        const auto k = static_cast<size_t>(r * n + i);
        EXPECT_NEAR(y[k] / (std::exp(double{x[k]}) / total), 1.0, 2e-6);
      }
    }
  }
}

TEST(FusedSpecial, FloatsOutsideTheIntegersAreDefined) {
  std::vector<float> x = {nan, inf, -inf, 3e9f, -3e9f, 2147483648.0f, -2147483648.0f, 1e20f, -1.9f, 1.9f};
  const int64_t n = static_cast<int64_t>(x.size());
  Builder b({n});
  const int v = b.load(0, {1});
  b.store(b.cast(v, DType::int32), 1, {1}, DType::int32);
  b.store(b.cast(v, DType::int64), 2, {1}, DType::int64);
  b.store(b.cast(v, DType::bool_), 3, {1}, DType::bool_);
  std::vector<int32_t> i(x.size());
  std::vector<int64_t> l(x.size());
  std::vector<uint8_t> t(x.size());
  b.run({x.data(), i.data(), l.data(), t.data()});
  constexpr int32_t low = std::numeric_limits<int32_t>::min();
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(i, (std::vector<int32_t>{low, low, low, low, low, low, low, low, -1, 1}));
  EXPECT_EQ(l, (std::vector<int64_t>{lowest, lowest, lowest, 3'000'000'000, -3'000'000'000, 2147483648, low, lowest, -1, 1}));
  EXPECT_EQ(t, std::vector<uint8_t>(x.size(), 1));
}

TEST(FusedSpecial, LongProgramsRun) {
  const int64_t n = 1000;
  Builder b({n});
  int v = b.load(0, {1});
  const int one = b.load(1, {0});
  for (int i = 0; i < 3000; ++i) v = b.op(op_plus, {v, one});
  b.store(v, 2, {1});
  std::vector<float> x(static_cast<size_t>(n), 5.0f), y(x.size());
  float step = 0.25f;
  b.run({x.data(), &step, y.data()});
  EXPECT_EQ(y, std::vector<float>(x.size(), 755.0f));
}

// Results of this size are written past the caches, and inputs fetched ahead.
TEST(FusedSpecial, LargeResultsAreTheSameAtAnyNumberOfThreads) {
  const int64_t rows = 1100, n = 4096;
  const std::vector<float> x = noise(static_cast<size_t>(rows * n), -3, 3);
  std::vector<std::vector<float>> seen;
  for (int threads : {1, 2, 3}) {
    set_num_threads(threads);
    struct Free { void operator()(float* p) const { std::free(p); } };
    const std::unique_ptr<float, Free> out(static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>(rows * n) * 4)));
    Builder b({rows, n}, 2u);
    const int v = b.load(0, {n, 1});
    const int e = b.op(op_exp, {b.op(op_minus, {v, b.reduce(ReduceKind::max, v)})});
    b.store(b.op(op_over, {e, b.reduce(ReduceKind::sum, e)}), 1, {n, 1});
    b.run({const_cast<float*>(x.data()), out.get()});
    seen.emplace_back(out.get(), out.get() + rows * n);

    Builder turned({n, rows});
    turned.store(turned.load(0, {1, n}), 1, {rows, 1});
    turned.run({const_cast<float*>(x.data()), out.get()});
    for (int64_t i = 0; i < n; i += 7) {
      for (int64_t r = 0; r < rows; ++r) ASSERT_EQ(out.get()[i * rows + r], x[static_cast<size_t>(r * n + i)]);
    }
    Builder sum({rows * n});
    sum.store(sum.op(op_plus, {sum.load(0, {1}), sum.load(0, {1})}), 1, {1});
    sum.run({const_cast<float*>(x.data()), out.get()});
    for (int64_t i = 0; i < rows * n; ++i) ASSERT_EQ(out.get()[i], 2 * x[static_cast<size_t>(i)]);
  }
  set_num_threads(2);
  EXPECT_TRUE(seen[0] == seen[1]);
  EXPECT_TRUE(seen[0] == seen[2]);
}

TEST(FusedSpecial, IllFormedProgramsAreRefused) {
  const auto refused = [](auto&& change) {
    Builder b({4, 3}, 2u);
    const int x = b.load(0, {3, 1});
    b.op(op_plus, {x, x});
    b.store(b.reduce(ReduceKind::sum, x), 1, {1, 0});
    change(b.program);
    EXPECT_THROW(compile(b.program), InternalError);
  };
  refused([](Program& p) { p.steps[1].args[1] = 1; });              // reads itself
  refused([](Program& p) { p.steps[1].args[0] = -1; });
  refused([](Program& p) { p.steps[1].op = nullptr; });
  refused([](Program& p) { p.steps[1].type = DType::float64; });    // not what the op yields
  refused([](Program& p) { p.steps[0].type = DType::int32; });      // no such lanes
  refused([](Program& p) { p.steps[0].type = DType::float16; });    // not a register type
  refused([](Program& p) { p.steps[0].access = 2; });
  refused([](Program& p) { p.accesses[0].strides = {1}; });
  refused([](Program& p) { p.steps[3].args[0] = 0; });                 // a full value in a row
  refused([](Program& p) { p.accesses[1].strides = {0, 0}; });      // many values in one place
  refused([](Program& p) { p.accesses[1].kind = Access::Kind::scalar; });
  refused([](Program& p) { p.domain[0] = -1; });
}

TEST(FusedSpecial, InnermostReducedDims) {
  Program p;
  p.domain = {4, 1, 3};
  p.reduced = 0b100;
  EXPECT_TRUE(reduced_dims_are_innermost(p));
  p.reduced = 0b001;
  EXPECT_FALSE(reduced_dims_are_innermost(p));
  p.reduced = 0b110;
  EXPECT_TRUE(reduced_dims_are_innermost(p));
}

}  // namespace
