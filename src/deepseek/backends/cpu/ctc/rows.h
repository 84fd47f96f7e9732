// Sums over the alignments of one step, compiled for each instruction set.
#pragma once
#include <limits>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/fused/math/exp.h"
#include "deepseek/backends/cpu/fused/math/log.h"

namespace deepseek::ctc {
namespace body {

template <class T>
inline constexpr T nothing = -std::numeric_limits<T>::infinity();

// to[s] = log(exp(a[s]) + exp(b[s]) + exp(c[s] + may_skip[s])) + emitted[s]; may_skip is 0 or -infinity.
template <class T>
DEEPSEEK_INLINE void advance(const T* a, const T* b, const T* c, const T* may_skip, const T* emitted, T* to,
                             int64_t n) {
  DEEPSEEK_IVDEP
  for (int64_t s = 0; s < n; ++s) {
    const T third = c[s] + may_skip[s];
    T top = a[s] > b[s] ? a[s] : b[s];
    top = top > third ? top : third;
    top = top == nothing<T> ? T{} : top;
    const T sum = fused::exp(a[s] - top) + fused::exp(b[s] - top) + fused::exp(third - top);
    to[s] = fused::log(sum) + top + emitted[s];
  }
}

// to[s] = exp(alpha[s] + beta[s] - emitted[s] - total): the share of the alignments that pass through s.
template <class T>
DEEPSEEK_INLINE void shares(const T* alpha, const T* beta, const T* emitted, T total, T* to, int64_t n) {
  DEEPSEEK_IVDEP
  for (int64_t s = 0; s < n; ++s) {
    const bool none = alpha[s] == nothing<T> || beta[s] == nothing<T>;
    to[s] = none ? T{} : fused::exp(alpha[s] + beta[s] - emitted[s] - total);
  }
}

// to[i] = (exp(x[i]) - to[i]) * factor
template <class T>
DEEPSEEK_INLINE void differences(const T* x, T factor, T* to, int64_t n) {
  DEEPSEEK_IVDEP
  for (int64_t i = 0; i < n; ++i) to[i] = (fused::exp(x[i]) - to[i]) * factor;
}

}  // namespace body

template <class T>
struct Rows {
  void (*advance)(const T*, const T*, const T*, const T*, const T*, T*, int64_t);
  void (*shares)(const T*, const T*, const T*, T, T*, int64_t);
  void (*differences)(const T*, T, T*, int64_t);
  static const Rows& best();
};

}  // namespace deepseek::ctc
