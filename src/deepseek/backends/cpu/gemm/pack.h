// Packing of float panels by small transposes in registers, instead of element by element.
#pragma once
#include <cstdint>

namespace deepseek::gemm {

using Float2 [[gnu::vector_size(8)]] = float;
using Float4 [[gnu::vector_size(16)]] = float;
using Float8 [[gnu::vector_size(32)]] = float;

#define DEEPSEEK_PACK_INLINE inline __attribute__((always_inline))

// By copies of bytes: clang forgets an `aligned` attribute behind a reference. By reference: compilers warn about vectors that pass by
// value between functions of different instruction sets, even inlined ones.
template <class V>
DEEPSEEK_PACK_INLINE void load(const float* p, V& v) { __builtin_memcpy(&v, p, sizeof v); }
template <class V>
DEEPSEEK_PACK_INLINE void store(float* p, const V& v) { __builtin_memcpy(p, &v, sizeof v); }

// N lines of N floats, line_step apart, become N rows of `to`, width apart.
DEEPSEEK_PACK_INLINE void transpose2(const float* from, int64_t line_step, float* to, int64_t width) {
  Float2 a, b;
  load(from, a), load(from + line_step, b);
  store(to, __builtin_shufflevector(a, b, 0, 2));
  store(to + width, __builtin_shufflevector(a, b, 1, 3));
}

DEEPSEEK_PACK_INLINE void transpose4(const float* from, int64_t line_step, float* to, int64_t width) {
  Float4 a, b, c, d;
  load(from, a), load(from + line_step, b), load(from + 2 * line_step, c), load(from + 3 * line_step, d);
  const Float4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Float4 cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5));
  store(to + width, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7));
  store(to + 2 * width, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
  store(to + 3 * width, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}

DEEPSEEK_PACK_INLINE void transpose8(const float* from, int64_t line_step, float* to, int64_t width) {
  Float8 x[8], y[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) load(from + i * line_step, x[i]);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    y[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    x[i] = __builtin_shufflevector(y[i], y[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    x[i + 1] = __builtin_shufflevector(y[i], y[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    x[i + 2] = __builtin_shufflevector(y[i + 1], y[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    x[i + 3] = __builtin_shufflevector(y[i + 1], y[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    store(to + i * width, __builtin_shufflevector(x[i], x[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
    store(to + (i + 4) * width, __builtin_shufflevector(x[i], x[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
  }
}

// A panel of W lines whose elements follow each other. A cache line of each line is used up before the next ones are touched:
// lines may lie a multiple of 4 KiB apart and push each other out.
template <int W>
DEEPSEEK_PACK_INLINE void pack_along(const float* from, int64_t line_step, int64_t depth, float* to) {
  constexpr int64_t step = 16;
  constexpr int eights = W / 8 * 8, fours = eights + W % 8 / 4 * 4;
  int64_t p = 0;
  for (; p + step <= depth; p += step) {
    for (int i = 0; i < eights; i += 8) {
      for (int64_t q = p; q < p + step; q += 8) transpose8(from + i * line_step + q, line_step, to + q * W + i, W);
    }
    for (int i = eights; i < fours; i += 4) {
      for (int64_t q = p; q < p + step; q += 4) transpose4(from + i * line_step + q, line_step, to + q * W + i, W);
    }
    for (int i = fours; i + 2 <= W; i += 2) {
      for (int64_t q = p; q < p + step; q += 2) transpose2(from + i * line_step + q, line_step, to + q * W + i, W);
    }
  }
  static_assert(W % 2 == 0);
  for (; p < depth; ++p) {
    for (int i = 0; i < W; ++i) to[p * W + i] = from[i * line_step + p];
  }
}

// Panels of lines that lie side by side: a few rows of all panels at a time, since rows may lie a multiple of 4 KiB apart.
template <int W>
DEEPSEEK_PACK_INLINE void pack_across(const float* from, int64_t depth_step, int64_t panels, int64_t depth, float* to) {
  constexpr int64_t step = 8;
  for (int64_t p = 0; p < depth; p += step) {
    const int64_t end = p + step < depth ? p + step : depth;
    for (int64_t panel = 0; panel < panels; ++panel) {
      const float* row = from + panel * W;
      float* out = to + panel * W * depth;
      for (int64_t q = p; q < end; ++q) {
        int i = 0;
        for (; i + 8 <= W; i += 8) __builtin_memcpy(out + q * W + i, row + q * depth_step + i, 32);
        for (; i + 4 <= W; i += 4) __builtin_memcpy(out + q * W + i, row + q * depth_step + i, 16);
        for (; i + 2 <= W; i += 2) __builtin_memcpy(out + q * W + i, row + q * depth_step + i, 8);
      }
    }
  }
}

#undef DEEPSEEK_PACK_INLINE

}  // namespace deepseek::gemm
