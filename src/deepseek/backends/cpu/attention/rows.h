// What happens to a row of scores, compiled for each instruction set.
#pragma once
#include <cmath>
#include <cstdint>

#include "deepseek/backends/cpu/attention/drop.h"
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

// to[j] = scale * <q, row j of keys>
DEEPSEEK_INLINE void products(const float* q, const float* keys, int64_t stride, int64_t n, int64_t width, float scale, float* to) {
  for (int64_t j = 0; j < n; ++j) to[j] = scale * dot(q, keys + j * stride, width);
}

// to = the rows of values, each times its weight.
DEEPSEEK_INLINE void weighted_sum(const float* weights, const float* values, int64_t stride, int64_t n, int64_t width, float* to) {
#pragma omp simd
  for (int64_t e = 0; e < width; ++e) to[e] = 0;
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const float *a = values + j * stride, *b = a + stride, *c = b + stride, *d = c + stride;
    const float wa = weights[j], wb = weights[j + 1], wc = weights[j + 2], wd = weights[j + 3];
#pragma omp simd
    for (int64_t e = 0; e < width; ++e) to[e] += wa * a[e] + wb * b[e] + wc * c[e] + wd * d[e];
  }
  for (; j < n; ++j) {
#pragma omp simd
    for (int64_t e = 0; e < width; ++e) to[e] += weights[j] * values[j * stride + e];
  }
}

}  // namespace body

struct Rows {
  float (*largest)(const float*, int64_t);
  float (*exponentials)(float*, int64_t, float);
  void (*scale)(float*, int64_t, float);
  float (*dot)(const float*, const float*, int64_t);
  void (*softmax_gradient)(const float*, float*, int64_t, float, float);
  void (*products)(const float*, const float*, int64_t, int64_t, int64_t, float, float*);
  void (*weighted_sum)(const float*, const float*, int64_t, int64_t, int64_t, float*);
  void (*drop)(float*, int64_t, int64_t, int64_t, uint32_t, float);
  static const Rows& best();
};

}  // namespace deepseek::attention
