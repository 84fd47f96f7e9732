// The copy kernel against loops, over shapes that no tile or run divides.
#include "deepseek/backends/cpu/move/strided_copy.h"

#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

using namespace deepseek;

namespace {

// Every order of dims on both sides, with gaps between the elements.
Strides spread(const Shape& shape, const Dims& order, int64_t gap) {
  Strides s = strides_for_order(shape, order);
  for (int64_t& v : s) v *= gap;
  return s;
}

int64_t extent(const Shape& shape, const Strides& strides) {
  int64_t last = 0;
  for (int d = 0; d < shape.size(); ++d) last += std::max<int64_t>(0, shape[d] - 1) * strides[d];
  return last + 1;
}

template <class T>
void check(const Shape& shape, const Strides& to, const Strides& from) {
  std::vector<T> source(static_cast<size_t>(extent(shape, from))), target(static_cast<size_t>(extent(shape, to)), T(7));
  std::iota(source.begin(), source.end(), T(1));
  std::vector<T> expected = target;
  for (int64_t i = 0; i < shape.numel(); ++i) {
    int64_t rest = i, t = 0, f = 0;
    for (int d = shape.size() - 1; d >= 0; --d) {
      t += rest % shape[d] * to[d];
      f += rest % shape[d] * from[d];
      rest /= shape[d];
    }
    expected[static_cast<size_t>(t)] = source[static_cast<size_t>(f)];
  }
  cpu::strided_copy(target.data(), to, source.data(), from, shape, sizeof(T));
  EXPECT_TRUE(target == expected) << to_string(shape) << " to " << to_string(to) << " from " << to_string(from);
}

TEST(StridedCopy, MatchesLoopsInEveryOrder) {
  for (const Shape& shape : {Shape{3, 5, 7}, Shape{33, 1, 40}, Shape{1, 65, 2}, Shape{4, 4, 4}, Shape{0, 3, 2}}) {
    const std::vector<Dims> orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (const Dims& a : orders) {
      for (const Dims& b : orders) {
        for (int64_t gap : {1, 3}) {
          check<uint32_t>(shape, spread(shape, a, 1), spread(shape, b, gap));
          check<uint8_t>(shape, spread(shape, a, gap), spread(shape, b, 1));
        }
      }
    }
  }
}

TEST(StridedCopy, LargeTransposesAndRuns) {
  check<uint16_t>({200, 333}, {333, 1}, {1, 200});
  check<uint64_t>({70000}, {1}, {2});
  check<uint32_t>({5, 123, 301}, {301 * 123, 301, 1}, {1, 5, 5 * 123});
  check<uint32_t>({}, {}, {});
}

TEST(StridedCopy, BroadcastsAndReverses) {
  check<uint32_t>({6, 50}, {50, 1}, {0, 1});
  check<uint32_t>({6, 50}, {50, 1}, {1, 0});
  const std::vector<uint32_t> source = {1, 2, 3, 4, 5};
  std::vector<uint32_t> target(5);
  cpu::strided_copy(target.data(), {1}, source.data() + 4, {-1}, {5}, 4);
  EXPECT_TRUE((target == std::vector<uint32_t>{5, 4, 3, 2, 1}));
}

}  // namespace
