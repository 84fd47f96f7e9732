// Which attention weights are dropped: 16 bits for each, a function of key and position. A block of 32 weights of a row takes 8
// draws of two words, so that the draws cost a quarter of one for each.
#pragma once
#include <cmath>
#include <cstdint>

#include "deepseek/ops/random/philox.h"

namespace deepseek::attention {

struct Drop {
  uint32_t threshold = 0;  // of 65536
  float factor = 1;
  Drop() = default;
  explicit Drop(double p)
      : threshold(static_cast<uint32_t>(std::lround(p * 65536))), factor(65536.f / static_cast<float>(65536 - threshold)) {}
};

constexpr int64_t drop_block = 32, drops_per_block = 8;
// Row r of a matrix of scores with s columns begins at position r * drop_stride(s).
constexpr int64_t drop_stride(int64_t columns) { return (columns + drop_block - 1) / drop_block * drop_block; }

// 0 or the factor: what a weight is multiplied by.
DEEPSEEK_INLINE float drop_factor(int64_t position, int64_t key, uint32_t threshold, float factor) {
  const int64_t inside = position % drop_block;
  const philox::Words w = philox::words(position / drop_block * drops_per_block + inside % drops_per_block, key);
  const int64_t part = inside / drops_per_block;
  const uint32_t word = part < 2 ? w.a : w.b;
  return (part % 2 ? word >> 16 : word & 0xffffu) >= threshold ? factor : 0.f;
}

namespace body {

// x[j] *= the factor of position begin + j; begin is a multiple of a block.
DEEPSEEK_INLINE void drop(float* x, int64_t n, int64_t begin, int64_t key, uint32_t threshold, float factor) {
  for (int64_t at = 0; at < n; at += drop_block) {
    const int64_t first = (begin + at) / drop_block * drops_per_block;
    const auto high = static_cast<uint32_t>((static_cast<uint64_t>(first) ^ static_cast<uint64_t>(key)) >> 32);
    float keep[drop_block];
#pragma omp simd
    for (int g = 0; g < drops_per_block; ++g) {
      const philox::Words w = philox::rounds(static_cast<uint32_t>(first) + static_cast<uint32_t>(g), high, static_cast<uint32_t>(key));
      keep[g] = (w.a & 0xffffu) >= threshold ? factor : 0.f;
      keep[drops_per_block + g] = w.a >> 16 >= threshold ? factor : 0.f;
      keep[2 * drops_per_block + g] = (w.b & 0xffffu) >= threshold ? factor : 0.f;
      keep[3 * drops_per_block + g] = w.b >> 16 >= threshold ? factor : 0.f;
    }
    const int64_t here = n - at < drop_block ? n - at : drop_block;
#pragma omp simd
    for (int64_t j = 0; j < here; ++j) x[at + j] *= keep[j];
  }
}

}  // namespace body
}  // namespace deepseek::attention
