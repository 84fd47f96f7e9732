// Keys' cubic convolution kernel.
#pragma once
#include <cmath>

namespace deepseek::vision {

inline double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

}  // namespace deepseek::vision
