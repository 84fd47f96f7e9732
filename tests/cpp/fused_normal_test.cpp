// The normal distribution in float against the C library in double, on every instruction set of this machine.
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/fused/math/normal.h"

using namespace deepseek;
using namespace deepseek::fused;

namespace {

struct Bell { template <class T> static T lane(T x) { return normal(x).bell; } };
struct Cdf { template <class T> static T lane(T x) { return normal(x).cdf; } };

std::vector<float> arguments() {
  std::vector<float> x = {0.0f, -0.0f, 1e-30f, -1e-30f, 1e30f, -1e30f, std::numeric_limits<float>::max()};
  for (int i = -160000; i <= 160000; ++i) x.push_back(static_cast<float>(i) * 1e-4f);
  for (float magnitude = 1e-38f; magnitude < 1e38f; magnitude *= 1.37f) x.push_back(magnitude), x.push_back(-magnitude);
  return x;
}

void expect_close(const LaneOp& op, const std::function<double(double)>& exact) {
  const std::vector<float> x = arguments();
  std::vector<float> y(x.size());
  for (int isa = 0; isa <= static_cast<int>(best_isa()); ++isa) {
    const void* in[] = {x.data()};
    op.entries[static_cast<int>(DType::float32)].fn[isa](y.data(), in, static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const double e = exact(x[i]), normal_part = std::max(e, static_cast<double>(std::numeric_limits<float>::min()));
      const double unit = std::ldexp(1.0, std::ilogb(normal_part) - 23);
      ASSERT_LE(std::fabs(y[i] - e), 8 * unit) << x[i] << " isa " << isa;
    }
  }
}

TEST(FusedNormal, Bell) {
  expect_close(lane_op<Bell, Types<float>>, [](double x) { return std::exp(-0.5 * x * x); });
}
TEST(FusedNormal, DistributionFunction) {
  expect_close(lane_op<Cdf, Types<float>>, [](double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); });
}
TEST(FusedNormal, EndsAndNaN) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(normal(inf).cdf, 1.0f);
  EXPECT_EQ(normal(-inf).cdf, 0.0f);
  EXPECT_EQ(normal(-inf).bell, 0.0f);
  EXPECT_TRUE(std::isnan(normal(std::nanf("")).cdf));
  EXPECT_TRUE(std::isnan(normal(-std::nanf("")).bell));
}

}  // namespace
