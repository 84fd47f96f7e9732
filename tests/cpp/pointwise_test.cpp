// What the checks against numpy do not reach: traps of integer arithmetic, special values, result types.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"

using namespace deepseek;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
Tensor vec(std::vector<T> v) {
  return Tensor::from_vector(v, {static_cast<int64_t>(v.size())});
}
Tensor bools(std::vector<uint8_t> v) { return to(vec<uint8_t>(std::move(v)), DType::bool_); }

template <class T>
void check(const Tensor& got, const std::vector<T>& want) {
  ASSERT_EQ(got.dtype(), dtype_of<T>);
  const std::vector<T> v = got.to_vector<T>();
  ASSERT_EQ(v.size(), want.size());
  for (size_t i = 0; i < v.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(want[i])) {
        EXPECT_TRUE(std::isnan(v[i]));
        continue;
      }
      EXPECT_EQ(std::signbit(v[i]), std::signbit(want[i]));
    }
    EXPECT_EQ(v[i], want[i]);
  }
}

template <class T>
void integer_traps() {
  constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  const Tensor a = vec<T>({least, least, 7, -7, 7, -7, 5}), b = vec<T>({-1, 0, 2, 2, -2, -2, 0});
  check<T>(div(a, b, "trunc"), {least, 0, 3, -3, -3, 3, 0});
  check<T>(div(a, b, "floor"), {least, 0, 3, -4, -4, 3, 0});
  check<T>(floor_divide(a, b), {least, 0, 3, -4, -4, 3, 0});
  check<T>(remainder(a, b), {0, 0, 1, 1, -1, -1, 0});
  check<T>(fmod(a, b), {0, 0, 1, -1, 1, -1, 0});
  check<T>(abs(vec<T>({least, -3, 3})), {least, 3, 3});
  check<T>(-vec<T>({least, -3}), {least, 3});
  check<T>(vec<T>({most, least}) + vec<T>({1, -1}), {least, most});
  check<T>(pow(vec<T>({2, -1, 1, 0, 3}), vec<T>({-1, -3, -5, -2, 4})), {0, -1, 1, 0, 81});
  constexpr T width = sizeof(T) * 8;
  check<T>(bitwise_left_shift(vec<T>({1, 1, 1, 1}), vec<T>({3, width, -1, static_cast<T>(width - 1)})), {8, 0, 0, least});
  check<T>(bitwise_right_shift(vec<T>({-8, -8, 8, -8}), vec<T>({2, width, width, -1})), {-2, -1, 0, -1});
}

TEST(Pointwise, IntegerArithmeticNeverTraps) {
  integer_traps<int32_t>();
  integer_traps<int64_t>();
}

TEST(Pointwise, ANumberZeroAsIntegerDivisorIsRefused) {
  const Tensor a = vec<int64_t>({1, 2});
  EXPECT_THROW(floor_divide(a, 0), Error);
  EXPECT_THROW(remainder(a, 0), Error);
  EXPECT_THROW(div(a, 0, "trunc"), Error);
  EXPECT_THROW(pow(a, -1), Error);
  check<float>(div(a, 0), {static_cast<float>(inf), static_cast<float>(inf)});
}

TEST(Pointwise, SmallIntegersWrapInTheirOwnWidth) {
  check<uint8_t>(vec<uint8_t>({250, 3}) + vec<uint8_t>({10, 1}), {4, 4});
  check<int8_t>(vec<int8_t>({100, -100}) * 2, {-56, 56});
  check<uint8_t>(~vec<uint8_t>({0, 255}), {255, 0});
  check<uint8_t>(-vec<uint8_t>({1}), {255});
  // Also between the steps of a fused chain.
  check<uint8_t>(floor_divide(vec<uint8_t>({250}) + 10, 2), {2});
  check<bool>(vec<uint8_t>({250}) + 10 > 100, {false});
}

TEST(Pointwise, BoolsAreTruthValues) {
  const Tensor a = bools({0, 0, 1, 1}), b = bools({0, 1, 0, 1});
  check<bool>(a + b, {false, true, true, true});
  check<bool>(a * b, {false, false, false, true});
  check<bool>(~a, {true, true, false, false});
  check<bool>(maximum(a, b), {false, true, true, true});
  check<bool>(a < b, {false, true, false, false});
  EXPECT_THROW(a - b, Error);
  EXPECT_THROW(-a, Error);
}

TEST(Pointwise, TypesPromoteAsInTorch) {
  const Tensor u8 = vec<uint8_t>({1}), i8 = vec<int8_t>({1}), i32 = vec<int32_t>({1}), i64 = vec<int64_t>({1}),
      f32 = vec<float>({1}),
               f64 = vec<double>({1}), yes = bools({1});
  const auto type = [](const Tensor& t) { return t.dtype(); };
  EXPECT_EQ(type(u8 + i8), DType::int16);
  EXPECT_EQ(type(u8 + 300), DType::uint8);
  EXPECT_EQ(type(i32 + i64), DType::int64);
  EXPECT_EQ(type(i32 + 1.5), DType::float32);
  EXPECT_EQ(type(i64 + f32), DType::float32);
  EXPECT_EQ(type(f32 + f64), DType::float64);
  EXPECT_EQ(type(f32 + 1.5), DType::float32);
  EXPECT_EQ(type(yes + 1), DType::int64);
  EXPECT_EQ(type(i32 / i32), DType::float32);
  EXPECT_EQ(type(i32 / f64), DType::float64);
  EXPECT_EQ(type(exp(i64)), DType::float32);
  EXPECT_EQ(type(i64 == f32), DType::bool_);
  EXPECT_EQ(type(where(yes, i32, 2.5)), DType::float32);
  EXPECT_EQ(type(pow(i32, 2)), DType::int32);
  EXPECT_EQ(type(pow(i32, 0.5)), DType::float32);
  EXPECT_EQ(type(clamp(i32, 0, 5)), DType::int32);
  EXPECT_EQ(type(to(f32, DType::bfloat16) + 1.0), DType::bfloat16);
  EXPECT_EQ(type(to(f32, DType::bfloat16) + to(f32, DType::float16)), DType::float32);
}

template <class T>
void special_values() {
  const auto f = [](double x) { return static_cast<T>(x); };
  const Tensor x = vec<T>({f(nan), f(inf), f(-inf), f(-0.0), f(0.0), f(2.5), f(-2.5)});
  check<T>(relu(x), {f(nan), f(inf), 0, f(-0.0), 0, f(2.5), 0});
  check<T>(maximum(x, 1.0), {f(nan), f(inf), 1, 1, 1, f(2.5), 1});
  check<T>(minimum(Tensor(scalar_value(1.0, dtype_of<T>)), x), {f(nan), 1, f(-inf), f(-0.0), 0, 1, f(-2.5)});
  check<T>(fmax(x, 1.0), {1, f(inf), 1, 1, 1, f(2.5), 1});
  check<T>(clamp(x, -1.0, 1.0), {f(nan), 1, -1, f(-0.0), 0, 1, -1});
  check<T>(clamp(x, 2.0, -1.0), {f(nan), -1, -1, -1, -1, -1, -1});
  check<T>(sign(x), {f(nan), 1, -1, 0, 0, 1, -1});
  check<T>(abs(x), {f(nan), f(inf), f(inf), 0, 0, f(2.5), f(2.5)});
  check<T>(round(x), {f(nan), f(inf), f(-inf), f(-0.0), 0, 2, -2});
  check<T>(trunc(x), {f(nan), f(inf), f(-inf), f(-0.0), 0, 2, -2});
  check<T>(sigmoid(vec<T>({f(inf), f(-inf), f(nan), 0})), {1, 0, f(nan), f(0.5)});
  check<T>(silu(vec<T>({f(inf), f(-inf), f(nan), 0})), {f(inf), f(-0.0), f(nan), 0});
  check<T>(gelu(vec<T>({f(inf), f(-inf), f(nan), 0})), {f(inf), f(-0.0), f(nan), 0});
  check<T>(softplus(vec<T>({f(inf), f(-inf), f(nan)})), {f(inf), 0, f(nan)});
  check<T>(nan_to_num(x, 7), {7, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(), f(-0.0), 0, f(2.5), f(-2.5)});
  check<bool>(isnan(x), {true, false, false, false, false, false, false});
  check<bool>(isfinite(x), {false, false, false, true, true, true, true});
  check<bool>(isinf(x), {false, true, true, false, false, false, false});
  check<bool>(signbit(vec<T>({f(-0.0), f(0.0), -1, 1})), {true, false, true, false});
  check<bool>(x == x, {false, true, true, true, true, true, true});
  check<bool>(isclose(vec<T>({f(inf), f(inf), f(nan), 1}), vec<T>({f(inf), f(-inf), f(nan), f(1.000001)})), {true, false, false,
      true});
  check<T>(xlogy(vec<T>({0, 0, 0, 2}), vec<T>({0, f(inf), f(nan), 1})), {0, 0, f(nan), 0});
  check<T>(logaddexp(vec<T>({f(inf), f(-inf), f(-inf)}), vec<T>({1, f(-inf), 1})), {f(inf), f(-inf), 1});
  check<T>(erfinv(vec<T>({1, -1, 2, 0})), {f(inf), f(-inf), f(nan), 0});
  check<T>(floor_divide(vec<T>({1, -1, 0}), vec<T>({0, 0, 0})), {f(inf), f(-inf), f(nan)});
  check<T>(remainder(vec<T>({-1, 1, 5}), vec<T>({3, -3, 0})), {2, -2, f(nan)});
}

TEST(Pointwise, SpecialValues) {
  special_values<float>();
  special_values<double>();
}

TEST(Pointwise, GeluKeepsItsDigitsInTheTail) {
  // x P(X <= x), from 60-digit arithmetic.
  const std::vector<double> want{-0.004049694094890284, -1.4332578593959696e-6, -4.976768459417427e-15};
  const std::vector<double> wide = gelu(vec<double>({-3, -5, -8})).to_vector<double>();
  const std::vector<float> narrow = gelu(vec<float>({-3, -5, -8})).to_vector<float>();
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(wide[i] / want[i], 1, 1e-14);
    EXPECT_NEAR(narrow[i] / want[i], 1, 5e-6);  // the argument is rounded before the square in its exponent
  }
}

TEST(Pointwise, WrongOperandsNameOpAndShapes) {
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const Tensor a = zeros({2, 3}), b = zeros({4});
  const std::string text = message([&] { a + b; });
  EXPECT_NE(text.find("add"), std::string::npos);
  EXPECT_NE(text.find("(2, 3)"), std::string::npos);
  EXPECT_NE(text.find("(4,)"), std::string::npos);
  EXPECT_NE(message([&] { where(a, a, a); }).find("bool"), std::string::npos);
  EXPECT_NE(message([&] { a & a; }).find("bitwise_and"), std::string::npos);
}

TEST(Creation, RangesAreExactAtBothEnds) {
  check<int64_t>(arange(2, Tensor(11), 3), {2, 5, 8});
  check<int64_t>(arange(5, Tensor(0), -2), {5, 3, 1});
  check<int64_t>(arange(0), {});
  check<float>(arange(0.0, Tensor(1.0), 0.25), {0, 0.25f, 0.5f, 0.75f});
  const std::vector<float> line = linspace(-1, 0.7, 1001).to_vector<float>();
  EXPECT_EQ(line.front(), -1.0f);
  EXPECT_EQ(line.back(), 0.7f);
  check<float>(linspace(3, 4, 1), {3});
  check<float>(eye(2, 3), {1, 0, 0, 0, 1, 0});
  check<int32_t>(full({2}, 7, DType::int32), {7, 7});
  EXPECT_EQ(full({1}, true).dtype(), DType::bool_);
  EXPECT_EQ(full({1}, 2).dtype(), DType::int64);
  EXPECT_EQ(full({1}, 2.0).dtype(), DType::float32);
  EXPECT_THROW(zeros({-1}), Error);
  EXPECT_THROW(zeros({int64_t{1} << 40, int64_t{1} << 40}), Error);
  EXPECT_THROW(arange(0, Tensor(5), 0), Error);
  EXPECT_THROW(arange(0, Tensor(5), -1), Error);
  EXPECT_EQ(zeros({0, int64_t{1} << 50}).numel(), 0);
  EXPECT_THROW(zeros({0, int64_t{1} << 62}), Error);  // its strides would be as large as its other dims
}

}  // namespace
