// erf and erfc. The double coefficients are Chebyshev interpolants computed with 60 digits.
#pragma once
#include "deepseek/backends/cpu/fused/math/exp.h"

namespace deepseek::fused {
namespace detail {

// erf(x) / x on |x| <= 0.65 as a polynomial in x^2.
DEEPSEEK_INLINE double erf_series(double square) {
  return polynomial(square,
                    -0x1.2299dc42a208cp-23, 0x1.b34c5b0844608p-20, -0x1.f46b0efed5333p-17, 0x1.f99f4f9891c32p-14,
                    -0x1.c02d9d4a134bbp-11, 0x1.565bccbc7feafp-8, -0x1.b82ce31134daap-6, 0x1.ce2f21a03ff16p-4,
                    -0x1.812746b0379c2p-2, 0x1.20dd750429b6dp+0);
}

// erfc(x) for x in [0.6, 28]: exp(-x^2) Q(t) / (1 + 2x) with t = (x - 4) / (x + 4).
DEEPSEEK_INLINE double erfc_tail(double x) {
  const double t = (x - 4.0) / (x + 4.0);
  const double q = polynomial(t,
                              -0x1.db515e8e43bf5p-27, 0x1.4349b5b003617p-24, 0x1.3253338f549bfp-24,
                              -0x1.a54b7cc2ae9c5p-21, 0x1.3c6b448ec1becp-22, 0x1.7d54f1eb25a41p-18,
                              -0x1.788982a3a70cdp-17, -0x1.99287acbb1bdbp-16, 0x1.3be0379ebd5dep-13,
                              -0x1.a1e0c3b813668p-13, -0x1.8d4a982fc7cf8p-11, 0x1.49c674aff3778p-8,
                              -0x1.096238882d2d7p-6, 0x1.3079edef892afp-5, -0x1.0fb06dfe347bap-4,
                              0x1.7fee004e43e47p-4, -0x1.9ddb23c3ea0ffp-4, 0x1.16ecefcfa3f5bp-4, 0x1.f7f5df66fda0dp-7,
                              -0x1.1df1ad154a27bp-3, 0x1.3ba5916e9fd7fp+0);
  // x^2 = head^2 + rest with head^2 exact; exp turns an absolute error of its argument into a relative one.
  const double head = from_bits<double>(bits_of(x) & 0xfffffffff8000000u);
  const double rest = (head - x) * (head + x);
  const double exp_rest = polynomial(rest, 1.0 / 6, 0.5, 1.0, 1.0);
  return exp(-(head * head)) * exp_rest * (q / (1.0 + 2.0 * x));
}

}  // namespace detail

// Max error 2 ULP over all arguments.
DEEPSEEK_INLINE double erf(double x) {
  const double a = std::fabs(x);
  const double limited = a > 6.0 ? 6.0 : a;
  const double outer = std::copysign(1.0 - detail::erfc_tail(limited), x);
  const double inner = x * detail::erf_series(x * x);
  return a > 0.65 ? outer : inner;
}

// Max error 6 ULP where the result is normal.
DEEPSEEK_INLINE double erfc(double x) {
  const double a = std::fabs(x);
  const double limited = a > 28.0 ? 28.0 : a;
  const double tail = detail::erfc_tail(limited);
  const double outer = x < 0.0 ? 2.0 - tail : tail;
  const double inner = 1.0 - x * detail::erf_series(x * x);
  return a > 0.65 ? outer : inner;
}

// Max error 1.5 ULP over all arguments.
DEEPSEEK_INLINE float erf(float x) {
  const float t = std::fabs(x);
  const float s = x * x;
  const float exponent = detail::polynomial(t, -1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f,
                                            -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f);
  const float limited = t > 5.0f ? 5.0f : t;
  const float outer = std::copysign(1.0f - exp(exponent * limited - limited), x);
  const float inner = detail::polynomial(s, -5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f,
                                         -3.76125336e-1f, 1.28379166e-1f);
  return t > 0.927734375f ? outer : inner * x + x;
}

// Max error 1 ULP over all arguments.
DEEPSEEK_INLINE float erfc(float x) { return static_cast<float>(erfc(static_cast<double>(x))); }

}  // namespace deepseek::fused
