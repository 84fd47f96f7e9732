// The inner loops of the pools, compiled for each instruction set. A row of outputs is made in two passes: down the rows of
// the window, which are contiguous whatever the number of channels, then across.
#pragma once
#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/backends/cpu/pool/pool.h"

namespace deepseek::pool {

template <class S>
using Compute = std::conditional_t<std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>, float, S>;
template <class S>
using SumType = std::conditional_t<std::is_same_v<S, double>, double, float>;

// One row of outputs.
struct Row {
  const Range* ranges;  // per output
  int64_t outputs, step, channels;
  int64_t width;  // of the image
  // Few channels leave vectors empty; then outputs and channels are one line, and each tap is a list of column elements.
  int64_t taps;                // 0: many channels
  const int32_t *element, *x;  // taps x (outputs * channels): position in the column line, position in the image's row
};

namespace body {

#define DEEPSEEK_POOL_INLINE static inline __attribute__((always_inline))

// NaN is larger than numbers; what came first wins ties.
template <class S>
DEEPSEEK_POOL_INLINE void max_down(const S* __restrict from, Compute<S>* __restrict value, int64_t count) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) {
    const auto v = gemm::load_element<Compute<S>>(from[c]);
    value[c] = (!(v <= value[c]) & (value[c] == value[c])) ? v : value[c];
  }
}
template <class S>
DEEPSEEK_POOL_INLINE void place_down(const S* __restrict from, int32_t here, Compute<S>* __restrict value, int32_t* __restrict row,
                                     int64_t count) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) {
    const auto v = gemm::load_element<Compute<S>>(from[c]);
    const bool larger = !(v <= value[c]) & (value[c] == value[c]);
    value[c] = larger ? v : value[c];
    row[c] = larger ? here : row[c];
  }
}
template <class T>
DEEPSEEK_POOL_INLINE void max_across(const T* __restrict column, const Row& r, T* __restrict best) {
  if (r.taps > 0) {
    const int64_t n = r.outputs * r.channels;
    for (int64_t i = 0; i < n; ++i) best[i] = column[r.element[i]];
    for (int64_t k = 1; k < r.taps; ++k) {
      const int32_t* element = r.element + k * n;
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) {
        const T v = column[element[i]];
        best[i] = (!(v <= best[i]) & (best[i] == best[i])) ? v : best[i];
      }
    }
    return;
  }
  for (int64_t x = 0; x < r.outputs; ++x, best += r.channels) {
    const T* from = column + r.ranges[x].first * r.channels;
    for (int64_t c = 0; c < r.channels; ++c) best[c] = from[c];
    for (int64_t k = r.ranges[x].first + r.step; k < r.ranges[x].last; k += r.step) {
      const T* next = column + k * r.channels;
#pragma omp simd
      for (int64_t c = 0; c < r.channels; ++c) best[c] = (!(next[c] <= best[c]) & (best[c] == best[c])) ? next[c] : best[c];
    }
  }
}
template <class T>
DEEPSEEK_POOL_INLINE void take(T v, int32_t at, T& best, int32_t& place) {
  const T b = best;
  const bool v_nan = v != v, b_nan = b != b;
  const bool larger = (v > b) | (v_nan & !b_nan) | (((v == b) | (v_nan & b_nan)) & (at < place));
  best = larger ? v : b;
  place = larger ? at : place;
}
// `row` holds the row of each column's maximum; `place` receives its position in the image.
template <class T>
DEEPSEEK_POOL_INLINE void place_across(const T* __restrict column, const int32_t* __restrict row, const Row& r, T* __restrict best,
                                       int32_t* __restrict place) {
  const auto width = static_cast<int32_t>(r.width);
  if (r.taps > 0) {
    const int64_t n = r.outputs * r.channels;
    for (int64_t i = 0; i < n; ++i) best[i] = column[r.element[i]], place[i] = row[r.element[i]] * width + r.x[i];
    for (int64_t k = 1; k < r.taps; ++k) {
      const int32_t *element = r.element + k * n, *x = r.x + k * n;
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) take(column[element[i]], row[element[i]] * width + x[i], best[i], place[i]);
    }
    return;
  }
  for (int64_t x = 0; x < r.outputs; ++x, best += r.channels, place += r.channels) {
    const int64_t first = r.ranges[x].first;
    for (int64_t c = 0; c < r.channels; ++c) {
      best[c] = column[first * r.channels + c];
      place[c] = row[first * r.channels + c] * width + static_cast<int32_t>(first);
    }
    for (int64_t k = first + r.step; k < r.ranges[x].last; k += r.step) {
      const T* next = column + k * r.channels;
      const int32_t* next_row = row + k * r.channels;
#pragma omp simd
      for (int64_t c = 0; c < r.channels; ++c) take(next[c], next_row[c] * width + static_cast<int32_t>(k), best[c], place[c]);
    }
  }
}
// to += from * share
template <class S>
DEEPSEEK_POOL_INLINE void add_share(const S* __restrict from, SumType<S> share, SumType<S>* __restrict to, int64_t count) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) to[c] += gemm::load_element<SumType<S>>(from[c]) * share;
}
template <class T>
DEEPSEEK_POOL_INLINE void sum_across(const T* __restrict column, const Row& r, T* __restrict sum) {
  for (int64_t x = 0; x < r.outputs; ++x, sum += r.channels) {
    for (int64_t c = 0; c < r.channels; ++c) sum[c] = 0;
    for (int64_t k = r.ranges[x].first; k < r.ranges[x].last; k += r.step) {
      const T* next = column + k * r.channels;
#pragma omp simd
      for (int64_t c = 0; c < r.channels; ++c) sum[c] += next[c];
    }
  }
}

}  // namespace body

template <class S>
struct Lanes {
  using T = Compute<S>;
  using Sum = SumType<S>;
  void (*max_down)(const S*, T*, int64_t);
  void (*place_down)(const S*, int32_t, T*, int32_t*, int64_t);
  void (*max_across)(const T*, const Row&, T*);
  void (*place_across)(const T*, const int32_t*, const Row&, T*, int32_t*);
  void (*add_share)(const S*, Sum, Sum*, int64_t);
  void (*sum_across)(const Sum*, const Row&, Sum*);

  static const Lanes& best() {
    static constexpr Lanes table[] = {Baseline::all, Avx2::all, Avx512::all};
    return table[static_cast<int>(fused::current_isa())];
  }

 private:
#define DEEPSEEK_POOL_LANES(Name, target)                                                                              \
  struct Name {                                                                                                        \
    target static void max_down(const S* from, T* value, int64_t n) { body::max_down<S>(from, value, n); }             \
    target static void place_down(const S* from, int32_t here, T* value, int32_t* row, int64_t n) {                    \
      body::place_down<S>(from, here, value, row, n);                                                                  \
    }                                                                                                                  \
    target static void max_across(const T* column, const Row& r, T* best) { body::max_across<T>(column, r, best); }    \
    target static void place_across(const T* column, const int32_t* row, const Row& r, T* best, int32_t* place) {      \
      body::place_across<T>(column, row, r, best, place);                                                              \
    }                                                                                                                  \
    target static void add_share(const S* from, Sum share, Sum* to, int64_t n) { body::add_share<S>(from, share, to, n); } \
    target static void sum_across(const Sum* column, const Row& r, Sum* sum) { body::sum_across<Sum>(column, r, sum); } \
    static constexpr Lanes all{&max_down, &place_down, &max_across, &place_across, &add_share, &sum_across};           \
  };
  DEEPSEEK_POOL_LANES(Baseline, )
  DEEPSEEK_POOL_LANES(Avx2, DEEPSEEK_TARGET_AVX2)
  DEEPSEEK_POOL_LANES(Avx512, DEEPSEEK_TARGET_AVX512)
#undef DEEPSEEK_POOL_LANES
};

}  // namespace deepseek::pool
