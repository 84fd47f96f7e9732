// Sums along the kept dims beside reductions of rows: whole numbers, so that every order of addition gives the same.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/error.h"
#include "fused_program_builder.h"

using namespace fused_test;

namespace {

struct Minus { template <class T> static T lane(T a, T b) { return a - b; } };
struct Times { template <class T> static T lane(T a, T b) { return a * b; } };
inline constexpr const LaneOp& op_minus = lane_op<Minus, Floating>;
inline constexpr const LaneOp& op_times = lane_op<Times, Floating>;

template <class T>
struct Case {
  int64_t rows, width;
  std::vector<T> x, g, rest, products, sums;

  Case(int64_t rows, int64_t width) : rows(rows), width(width) {
    const auto n = static_cast<size_t>(rows * width);
    x.resize(n), g.resize(n), rest.assign(n, T(-1));
    for (size_t i = 0; i < n; ++i) x[i] = static_cast<T>(i * 7 % 5) - T(2), g[i] = static_cast<T>(i * 11 % 7) - T(3);
    products.assign(static_cast<size_t>(width), T(-1)), sums = products;
  }

  // rest = x - sum of its row; products[j] = sum over rows of rest * g; sums[j] of g.
  static Builder program(const Dims& domain, uint32_t reduced, const Strides& row, const Strides& column) {
    Builder b(domain, reduced);
    const DType type = dtype_of<T>;
    const int x = b.load(0, contiguous_strides(domain), type), g = b.load(1, contiguous_strides(domain), type);
    const int rest = b.op(op_minus, {x, b.reduce(ReduceKind::sum, x)});
    b.store(b.reduce(ReduceKind::sum, x), 5, row, type);
    b.store(rest, 2, contiguous_strides(domain), type);
    b.store(b.reduce(ReduceKind::sum, b.op(op_times, {rest, g})), 3, column, type);
    b.store(b.reduce(ReduceKind::sum, g), 4, column, type);
    return b;
  }

  void run(const Builder& b) {
    std::vector<T> row_sums(static_cast<size_t>(rows));
    b.run({x.data(), g.data(), rest.data(), products.data(), sums.data(), row_sums.data()});
    for (int64_t r = 0; r < rows; ++r) {
      const auto at = static_cast<size_t>(r * width);
      ASSERT_EQ(row_sums[static_cast<size_t>(r)], std::accumulate(x.begin() + r * width, x.begin() + (r + 1) * width, T(0)));
      for (size_t j = 0; j < static_cast<size_t>(width); ++j) {
        ASSERT_EQ(rest[at + j], x[at + j] - row_sums[static_cast<size_t>(r)]) << r << " " << j;
      }
    }
    for (size_t j = 0; j < static_cast<size_t>(width); ++j) {
      T product = 0, sum = 0;
      for (size_t i = j; i < rest.size(); i += static_cast<size_t>(width)) product += rest[i] * g[i], sum += g[i];
      ASSERT_EQ(products[j], product) << j;
      ASSERT_EQ(sums[j], sum) << j;
    }
  }
};

template <class T>
void check_sizes() {
  for (const auto& [rows, width] : {std::pair<int64_t, int64_t>{2, 3}, {70, 9}, {1000, 64}, {333, 512}, {65, 513}, {40, 3000}, {600, 1024}}) {
    for (int isa = 0; isa < isa_count; ++isa) {
      set_isa(static_cast<Isa>(isa));
      Case<T>(rows, width).run(Case<T>::program({rows, width}, 2u, {1, 0}, {0, 1}));
    }
  }
  set_isa(best_isa());
}

TEST(FusedAcross, AddsUpAllRows) {
  check_sizes<float>();
  check_sizes<double>();
}

TEST(FusedAcross, FollowsSeveralDims) {
  Case<float>(30, 24).run(Case<float>::program({5, 6, 4, 6}, 0b1100u, {6, 1, 0, 0}, {0, 0, 6, 1}));
}

TEST(FusedAcross, IsTheSameAtAnyNumberOfThreads) {
  const Dims domain{5000, 300};
  std::vector<float> x(1500000), sums[2];
  for (size_t i = 0; i < x.size(); ++i) x[i] = 1.0f / static_cast<float>(1 + i % 977);
  Builder b(domain, 2u);
  const int v = b.load(0, {300, 1});
  b.store(b.reduce(ReduceKind::sum, v), 1, {1, 0});
  b.store(b.reduce(ReduceKind::sum, v), 2, {0, 1});
  const int before = num_threads();
  for (int t : {0, 1}) {
    set_num_threads(t == 0 ? 1 : 4);
    std::vector<float> rows(5000);
    sums[t].resize(300);
    b.run({x.data(), rows.data(), sums[t].data()});
  }
  set_num_threads(before);
  EXPECT_EQ(sums[0], sums[1]);
  for (size_t j = 0; j < 300; ++j) {
    double exact = 0;
    for (size_t i = j; i < x.size(); i += 300) exact += x[i];
    EXPECT_NEAR(sums[0][j], exact, 1e-6 * exact);
  }
}

TEST(FusedAcross, IsNotReadInItsOwnProgram) {
  Builder b({100, 30}, 2u);
  const int v = b.load(0, {30, 1}), sum = b.reduce(ReduceKind::sum, v);
  b.store(sum, 1, {0, 1});
  b.store(b.op(op_minus, {v, sum}), 2, {30, 1});
  EXPECT_THROW(compile(b.program), InternalError);
}

}  // namespace
