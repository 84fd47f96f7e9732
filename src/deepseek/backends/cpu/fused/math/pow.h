// pow with every special case of C's pow.
#pragma once
#include "deepseek/backends/cpu/fused/math/exp.h"
#include "deepseek/backends/cpu/fused/math/log.h"

namespace deepseek::fused {

// Max error 1 ULP: 2^(y log2 x) in double.
DEEPSEEK_INLINE float pow(float x, float y) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float a = std::fabs(x);
  double t = static_cast<double>(y) * log2(static_cast<double>(a));
  t = t > 200.0 ? 200.0 : t;
  t = t < -200.0 ? -200.0 : t;
  float magnitude = static_cast<float>(exp2(t));
  // 1^y is 1 even where y log2(1) is not a number; |x| = 1 with a NaN exponent stays NaN unless x is 1.
  magnitude = a == 1.0f && y == y ? 1.0f : magnitude;

  const double rounded = static_cast<double>(y) + 0x1.8p52;
  const bool whole = static_cast<double>(y) == rounded - 0x1.8p52;
  const bool odd = whole && std::fabs(y) < 0x1p24f && (detail::bits_of(rounded) & 1u) != 0;
  const uint32_t sign = odd ? detail::bits_of(x) & 0x80000000u : 0u;
  float value = detail::from_bits<float>(detail::bits_of(magnitude) | sign);
  const bool undefined = x < 0.0f && a < inf && !whole && std::fabs(y) < inf;
  value = undefined ? std::numeric_limits<float>::quiet_NaN() : value;
  return y == 0.0f || x == 1.0f ? 1.0f : value;
}

inline double pow(double x, double y) { return std::pow(x, y); }

}  // namespace deepseek::fused
