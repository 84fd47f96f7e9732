// What happens to a row of scores, compiled for each instruction set.
#pragma once
#include <cmath>
#include <cstdint>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/fused/math/exp.h"

namespace deepseek::attention {
namespace body {

DEEPSEEK_INLINE float largest(const float* x, int64_t n) {
  float m = -INFINITY;
#pragma omp simd reduction(max : m)
  for (int64_t i = 0; i < n; ++i) m = x[i] > m ? x[i] : m;
  return m;
}

// x = exp(x - shift); returns the sum.
DEEPSEEK_INLINE float exponentials(float* x, int64_t n, float shift) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    const float e = fused::exp(x[i] - shift);
    x[i] = e;
    sum += e;
  }
  return sum;
}

DEEPSEEK_INLINE void scale(float* x, int64_t n, float by) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) x[i] *= by;
}

DEEPSEEK_INLINE float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// g = p * (g - mean) * factor: the gradient of a softmax row, times the scale of the scores.
DEEPSEEK_INLINE void softmax_gradient(const float* p, float* g, int64_t n, float mean, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) g[i] = p[i] * (g[i] - mean) * factor;
}

}  // namespace body

struct Rows {
  float (*largest)(const float*, int64_t);
  float (*exponentials)(float*, int64_t, float);
  void (*scale)(float*, int64_t, float);
  float (*dot)(const float*, const float*, int64_t);
  void (*softmax_gradient)(const float*, float*, int64_t, float, float);
  static const Rows& best();
};

}  // namespace deepseek::attention
