#pragma once
#include <cmath>

namespace deepseek::pointwise {

// The reentrant forms: lgamma itself writes a global.
inline float log_gamma(float x) {
  int sign = 0;
  return ::lgammaf_r(x, &sign);
}
inline double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace deepseek::pointwise
