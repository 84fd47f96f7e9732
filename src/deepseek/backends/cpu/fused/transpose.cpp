#include "deepseek/backends/cpu/fused/transpose.h"

#include "deepseek/backends/cpu/fused/lane.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace deepseek::fused {
namespace {

// Reads run along memory, writes stay in the block, which the first-level cache holds.
template <class E>
inline void by_columns(E* out, const E* in, int64_t i0, int64_t i1, int64_t j0, int64_t j1, int64_t length, int64_t stride) {
  for (int64_t j = j0; j < j1; ++j) {
    for (int64_t i = i0; i < i1; ++i) out[i * length + j] = in[i + j * stride];
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) inline void eight_by_eight(uint32_t* out, const uint32_t* in, int64_t length, int64_t stride) {
  const auto* x = reinterpret_cast<const float*>(in);
  __m256 r[8], t[8];
  for (int k = 0; k < 8; ++k) r[k] = _mm256_loadu_ps(x + k * stride);
  for (int k = 0; k < 4; ++k) {
    t[2 * k] = _mm256_unpacklo_ps(r[2 * k], r[2 * k + 1]);
    t[2 * k + 1] = _mm256_unpackhi_ps(r[2 * k], r[2 * k + 1]);
  }
  for (int k = 0; k < 2; ++k) {
    r[4 * k] = _mm256_shuffle_ps(t[4 * k], t[4 * k + 2], 0x44);
    r[4 * k + 1] = _mm256_shuffle_ps(t[4 * k], t[4 * k + 2], 0xee);
    r[4 * k + 2] = _mm256_shuffle_ps(t[4 * k + 1], t[4 * k + 3], 0x44);
    r[4 * k + 3] = _mm256_shuffle_ps(t[4 * k + 1], t[4 * k + 3], 0xee);
  }
  auto* o = reinterpret_cast<float*>(out);
  for (int k = 0; k < 4; ++k) {
    _mm256_storeu_ps(o + k * length, _mm256_permute2f128_ps(r[k], r[k + 4], 0x20));
    _mm256_storeu_ps(o + (k + 4) * length, _mm256_permute2f128_ps(r[k], r[k + 4], 0x31));
  }
}

__attribute__((target("avx2"))) void gather_avx2(uint32_t* out, const uint32_t* in, int64_t rows, int64_t length, int64_t stride) {
  const int64_t rows8 = rows / 8 * 8, length8 = length / 8 * 8;
  for (int64_t j = 0; j < length8; j += 8) {
    for (int64_t i = 0; i < rows8; i += 8) eight_by_eight(out + i * length + j, in + i + j * stride, length, stride);
  }
  by_columns(out, in, 0, rows8, length8, length, length, stride);
  by_columns(out, in, rows8, rows, 0, length, length, stride);
}
#endif

}  // namespace

void gather_transposed(uint8_t* out, const uint8_t* in, int64_t rows, int64_t length, int64_t stride) {
  by_columns(out, in, 0, rows, 0, length, length, stride);
}
void gather_transposed(uint16_t* out, const uint16_t* in, int64_t rows, int64_t length, int64_t stride) {
  by_columns(out, in, 0, rows, 0, length, length, stride);
}
void gather_transposed(uint64_t* out, const uint64_t* in, int64_t rows, int64_t length, int64_t stride) {
  by_columns(out, in, 0, rows, 0, length, length, stride);
}
void gather_transposed(uint32_t* out, const uint32_t* in, int64_t rows, int64_t length, int64_t stride) {
#if defined(__x86_64__)
  if (current_isa() >= Isa::avx2) return gather_avx2(out, in, rows, length, stride);
#endif
  by_columns(out, in, 0, rows, 0, length, length, stride);
}

}  // namespace deepseek::fused
