// Lanes that are computed in one loop: the same numbers as one after another, whoever reads or overwrites what.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "deepseek/backends/cpu/fused/joint.h"
#include "fused_program_builder.h"

using namespace fused_test;

namespace {

// The values in these tests are whole numbers and halves of them, so that every way of rounding gives the same.
struct Blend { template <class T> static T lane(T a, T b, T w) { return a + w * (b - a); } };
struct Twice { template <class T> static T lane(T a) { return a + a; } };
struct Minus { template <class T> static T lane(T a, T b) { return a - b; } };
inline constexpr const LaneOp& op_blend = lane_op<Blend, Floating>;
inline constexpr const LaneOp& op_twice = lane_op<Twice, Floating>;
inline constexpr const LaneOp& op_minus = lane_op<Minus, Floating>;

// p, m, g, w: m' = blend(m, g, w), p' = p - 2 m'.
using Move = Joint<4, 0b1000, Part<Blend, true, 1, 2, 3>, Part<Twice, false, 4>, Part<Minus, true, 0, 5>>;
const RegisterJoint<Move> registered;

constexpr int p_buffer = 0, m_buffer = 1, g_buffer = 2, new_p = 3, new_m = 4, extra = 5;

template <class T>
uint64_t cell(T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
struct Arrays {
  std::vector<std::vector<T>> a;
  explicit Arrays(int64_t n) : a(6, std::vector<T>(static_cast<size_t>(n))) {
    for (size_t k = 0; k < 3; ++k) {
      for (size_t i = 0; i < a[k].size(); ++i) a[k][i] = static_cast<T>((i * (k + 3)) % 61) - T(20);
    }
  }
  std::vector<void*> pointers() {
    std::vector<void*> p;
    for (auto& x : a) p.push_back(x.data());
    return p;
  }
};

struct Steps {
  int p, m, g, w, mean, twice, moved;
};

template <class T>
Steps write(Builder& b, bool one_weight) {
  Steps s;
  s.p = b.load(p_buffer, {1}, dtype_of<T>), s.m = b.load(m_buffer, {1}, dtype_of<T>), s.g = b.load(g_buffer, {1}, dtype_of<T>);
  s.w = one_weight ? b.scalar(0, dtype_of<T>) : b.load(extra, {1}, dtype_of<T>);
  s.mean = b.op(op_blend, {s.m, s.g, s.w});
  s.twice = b.op(op_twice, {s.mean});
  s.moved = b.op(op_minus, {s.p, s.twice});
  b.store(s.mean, new_m, {1}, dtype_of<T>);
  b.store(s.moved, new_p, {1}, dtype_of<T>);
  return s;
}

template <class T>
void expect_moved(const Arrays<T>& before, const std::vector<T>& p, const std::vector<T>& m, T w) {
  for (size_t i = 0; i < p.size(); ++i) {
    const T mean = before.a[m_buffer][i] + w * (before.a[g_buffer][i] - before.a[m_buffer][i]);
    ASSERT_EQ(m[i], mean) << i;
    ASSERT_EQ(p[i], before.a[p_buffer][i] - 2 * mean) << i;
  }
}

template <class T>
void check_sizes() {
  for (int64_t n : {1, 7, 512, 513, 70000, 2200001}) {
    Builder b({n});
    write<T>(b, true);
    EXPECT_EQ(lower(b.program, false).joints.size(), 1u);
    for (int isa = 0; isa < isa_count; ++isa) {
      set_isa(static_cast<Isa>(isa));
      Arrays<T> x(n);
      b.run(x.pointers(), {cell(T(0.5))});
      expect_moved(x, x.a[new_p], x.a[new_m], T(0.5));
    }
    set_isa(best_isa());
  }
}

TEST(FusedJoint, EqualsItsPartsForAnySizeAndInstructionSet) {
  check_sizes<float>();
  check_sizes<double>();
}

TEST(FusedJoint, WritesOverItsOwnOperands) {
  for (int64_t n : {5, 1000, 300000}) {
    Builder b({n});
    write<float>(b, true);
    const Arrays<float> before(n);
    Arrays<float> x(n);
    b.run({x.a[0].data(), x.a[1].data(), x.a[2].data(), x.a[0].data(), x.a[1].data(), x.a[5].data()}, {cell(0.5f)});
    expect_moved(before, x.a[0], x.a[1], 0.5f);
  }
}

TEST(FusedJoint, WritesOverAnotherOperand) {
  for (int64_t n : {5, 1000, 300000}) {
    Builder b({n});
    write<float>(b, true);
    const Arrays<float> before(n);
    Arrays<float> x(n);
    // The new mean lies over the parameter, which is still to be read, and the new parameter over g.
    b.run({x.a[0].data(), x.a[1].data(), x.a[2].data(), x.a[2].data(), x.a[0].data(), x.a[5].data()}, {cell(0.5f)});
    expect_moved(before, x.a[2], x.a[0], 0.5f);
  }
}

TEST(FusedJoint, IsNotMadeWhereAPartIsReadByOthers) {
  Builder b({1000});
  const Steps s = write<float>(b, true);
  b.store(s.twice, extra, {1});
  EXPECT_TRUE(lower(b.program, false).joints.empty());
  Arrays<float> x(1000);
  b.run(x.pointers(), {cell(0.5f)});
  expect_moved(x, x.a[new_p], x.a[new_m], 0.5f);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(x.a[extra][i], 2 * x.a[new_m][i]);
}

TEST(FusedJoint, LaterReadersOfAResultFindIt) {
  Builder b({1000});
  const Steps s = write<float>(b, true);
  b.store(b.op(op_minus, {s.mean, s.moved}), extra, {1});
  EXPECT_EQ(lower(b.program, false).joints.size(), 1u);
  Arrays<float> x(1000);
  b.run(x.pointers(), {cell(0.5f)});
  expect_moved(x, x.a[new_p], x.a[new_m], 0.5f);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(x.a[extra][i], x.a[new_m][i] - x.a[new_p][i]);
}

TEST(FusedJoint, IsNotMadeWhereItsNumberVaries) {
  Builder b({1000});
  write<float>(b, false);
  EXPECT_TRUE(lower(b.program, false).joints.empty());
  Arrays<float> x(1000);
  x.a[extra].assign(1000, 0.5f);
  b.run(x.pointers());
  expect_moved(x, x.a[new_p], x.a[new_m], 0.5f);
}

}  // namespace
