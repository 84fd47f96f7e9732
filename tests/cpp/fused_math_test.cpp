// The approximations of math.h against the C library in long double, on every instruction set of this machine.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/fused/math.h"

using namespace deepseek;
namespace fused = deepseek::fused;

namespace {

using Oracle = std::function<long double(long double)>;

// Distance in units of the last place of the exact value, which may be subnormal.
template <class T>
double ulps(T got, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) && std::isnan(got) ? 0 : INFINITY;
  if (got == rounded) return 0;
  if (std::isinf(rounded)) return got == std::numeric_limits<T>::max() && !std::signbit(rounded) ? 1 : INFINITY;
  if (std::isinf(got)) return rounded == std::numeric_limits<T>::max() ? 1 : INFINITY;
  const T magnitude = std::fabs(rounded);
  const long double unit =
      static_cast<long double>(std::nextafter(magnitude, std::numeric_limits<T>::infinity())) - magnitude;
  return static_cast<double>(std::fabs(static_cast<long double>(got) - exact) / unit);
}

template <class T>
std::vector<T> specials() {
  using L = std::numeric_limits<T>;
  std::vector<T> v = {T(0), L::min(), L::denorm_min(), L::max(), L::infinity(), L::epsilon(), T(1), T(0.5), T(2), T(3),
                      T(0.625), T(0.65), T(0.9277344), T(10), T(20), T(28), T(88.72), T(88.73), T(89), T(103.9),
                      T(104), T(709.78), T(709.79), T(745.13), T(745.14), std::nextafter(T(1), T(0)),
                      std::nextafter(T(1), T(2)), T(0x1p24), T(0x1p25), T(0x1p53), T(1e30), T(3e-39), T(2e-310)};
  for (size_t i = 0, n = v.size(); i < n; ++i) v.push_back(-v[i]);
  v.push_back(L::quiet_NaN());
  return v;
}

template <class T>
std::vector<T> arguments(double low, double high) {
  std::vector<T> v = specials<T>();
  const int n = 200'000;
  for (int i = 0; i <= n; ++i) v.push_back(static_cast<T>(low + (high - low) * i / n));
  // All magnitudes of both signs.
  for (double e = std::log2(std::numeric_limits<T>::min()) - 20; e < std::log2(std::numeric_limits<T>::max()); e += 0.037) {
    v.push_back(static_cast<T>(std::exp2(e)));
    v.push_back(static_cast<T>(-std::exp2(e)));
  }
  return v;
}

template <class T>
std::vector<T> run(const fused::LaneOp& op, const std::vector<std::vector<T>>& in) {
  std::vector<T> out(in[0].size());
  const void* pointers[2] = {in[0].data(), in.size() > 1 ? in[1].data() : nullptr};
  op.entries[static_cast<int>(dtype_of<T>)].fn[static_cast<int>(fused::current_isa())](out.data(), pointers,
                                                                                       static_cast<int64_t>(out.size()));
  return out;
}

void on_every_isa(const std::function<void(const std::string&)>& body) {
  for (fused::Isa isa : {fused::Isa::baseline, fused::Isa::avx2, fused::Isa::avx512}) {
    fused::set_isa(isa);
    if (fused::current_isa() == isa) body("isa " + std::to_string(static_cast<int>(isa)));
  }
  fused::set_isa(fused::best_isa());
}

// `smallest`: results below it in magnitude may lose precision.
template <class F, class T>
void check(const char* name, double low, double high, double limit, const Oracle& oracle, long double smallest = 0) {
  on_every_isa([&](const std::string& isa) {
    const std::vector<T> x = arguments<T>(low, high);
    const std::vector<T> y = run<T>(fused::lane_op<F, fused::Floating>, {x});
    double worst = 0;
    T at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = oracle(static_cast<long double>(x[i]));
      if (std::fabs(exact) < smallest && std::fabs(y[i]) <= smallest) continue;
      const double e = ulps(y[i], exact);
      if (e > worst) worst = e, at = x[i];
      if (exact == 0 && y[i] == 0) {
        EXPECT_EQ(std::signbit(y[i]), std::signbit(static_cast<T>(exact))) << name << " of " << x[i];
      }
    }
    EXPECT_LE(worst, limit) << name << (sizeof(T) == 4 ? " float " : " double ") << isa << " at " << at;
    if (std::getenv("DEEPSEEK_PRINT_ULP")) {
      std::cout << name << (sizeof(T) == 4 ? " float " : " double ") << isa << ": " << worst << " at " << at << "\n";
    }
  });
}

#define LANE(NAME, FUNCTION)                    \
  struct NAME {                                 \
    template <class T>                          \
    static T lane(T x) {                        \
      return fused::FUNCTION(x);                \
    }                                           \
  };
LANE(Exp, exp) LANE(Exp2, exp2) LANE(Expm1, expm1) LANE(Tanh, tanh) LANE(Sigmoid, sigmoid) LANE(Log, log)
LANE(Log1p, log1p) LANE(Log2, log2) LANE(Log10, log10) LANE(Erf, erf) LANE(Erfc, erfc) LANE(Sin, sin) LANE(Cos, cos)
LANE(Tan, tan) LANE(Atan, atan)
struct Pow {
  template <class T>
  static T lane(T x, T y) {
    return fused::pow(x, y);
  }
};

long double sigmoid_oracle(long double x) { return 1 / (1 + std::exp(-x)); }

TEST(FusedMath, Exponentials) {
  check<Exp, float>("exp", -110, 90, 1.5, [](long double x) { return std::exp(x); });
  check<Exp, double>("exp", -750, 712, 1.5, [](long double x) { return std::exp(x); });
  check<Exp2, float>("exp2", -152, 130, 1.5, [](long double x) { return std::exp2(x); });
  check<Exp2, double>("exp2", -1080, 1026, 1.5, [](long double x) { return std::exp2(x); });
  check<Expm1, float>("expm1", -20, 90, 2.5, [](long double x) { return std::expm1(x); });
  check<Expm1, double>("expm1", -50, 712, 2.5, [](long double x) { return std::expm1(x); });
  check<Tanh, float>("tanh", -12, 12, 3, [](long double x) { return std::tanh(x); });
  check<Tanh, double>("tanh", -25, 25, 3, [](long double x) { return std::tanh(x); });
  check<Sigmoid, float>("sigmoid", -105, 90, 3, sigmoid_oracle);
  check<Sigmoid, double>("sigmoid", -750, 750, 3, sigmoid_oracle);
}

TEST(FusedMath, Logarithms) {
  check<Log, float>("log", 0, 4, 1.5, [](long double x) { return std::log(x); });
  check<Log, double>("log", 0, 4, 1.5, [](long double x) { return std::log(x); });
  check<Log1p, float>("log1p", -1, 3, 2, [](long double x) { return std::log1p(x); });
  check<Log1p, double>("log1p", -1, 3, 2, [](long double x) { return std::log1p(x); });
  check<Log2, float>("log2", 0, 70, 2.5, [](long double x) { return std::log2(x); });
  check<Log2, double>("log2", 0, 70, 2.5, [](long double x) { return std::log2(x); });
  check<Log10, float>("log10", 0, 1000, 2.5, [](long double x) { return std::log10(x); });
  check<Log10, double>("log10", 0, 1000, 2.5, [](long double x) { return std::log10(x); });
}

TEST(FusedMath, ErrorFunctions) {
  check<Erf, float>("erf", -5, 5, 1.5, [](long double x) { return std::erf(x); });
  check<Erf, double>("erf", -7, 7, 2, [](long double x) { return std::erf(x); });
  check<Erfc, float>("erfc", -5, 11, 1, [](long double x) { return std::erfc(x); });
  check<Erfc, double>("erfc", -7, 27.5, 6, [](long double x) { return std::erfc(x); }, 3e-308L);
}

TEST(FusedMath, Trigonometry) {
  // The C library reduces a double argument exactly; every float is one.
  check<Sin, float>("sin", -300, 300, 2, [](long double x) { return std::sin(static_cast<double>(x)); });
  check<Cos, float>("cos", -300, 300, 2, [](long double x) { return std::cos(static_cast<double>(x)); });
  check<Tan, float>("tan", -300, 300, 4, [](long double x) { return std::tan(static_cast<double>(x)); });
  check<Atan, float>("atan", -30, 30, 3, [](long double x) { return std::atan(x); });
  check<Sin, double>("sin", -300, 300, 1, [](long double x) { return std::sin(static_cast<double>(x)); });
  check<Atan, double>("atan", -30, 30, 1, [](long double x) { return std::atan(x); });
}

TEST(FusedMath, Power) {
  std::vector<float> base = specials<float>(), x, y;
  for (float v = -40.3f; v < 40; v += 0.637f) base.push_back(v);
  for (float v : {1.5f, -1.5f, 4.0f, 5.0f, -7.0f, 0.333333f, 16777217.0f, 16777215.0f, 33554431.0f}) base.push_back(v);
  for (float a : base) {
    for (float b : base) x.push_back(a), y.push_back(b);
  }
  on_every_isa([&](const std::string& isa) {
    const std::vector<float> z = run<float>(fused::lane_op<Pow, fused::Floating>, {x, y});
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = std::pow(static_cast<long double>(x[i]), static_cast<long double>(y[i]));
      ASSERT_LE(ulps(z[i], exact), 1.0) << isa << " pow(" << x[i] << ", " << y[i] << ") = " << z[i];
      if (exact == 0) {
        ASSERT_EQ(std::signbit(z[i]), std::signbit(exact)) << x[i] << ", " << y[i];
      }
    }
  });
}

}  // namespace
