#include "deepseek/backends/cpu/gemm/micro.h"

namespace deepseek::gemm {
namespace {

// Bytes: width of a vector register; Rows x Vectors accumulators must leave room for one row of b and a broadcast.
template <class T, int Bytes, int Rows, int Vectors>
struct Tile {
  static constexpr int lanes = Bytes / static_cast<int>(sizeof(T));
  static constexpr int cols = lanes * Vectors;
  using Vector [[gnu::vector_size(Bytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;

  static inline __attribute__((always_inline)) void multiply(int64_t depth, const T* a, const T* b, T* c, int64_t ldc, bool add) {
    Vector sum[Rows][Vectors];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sum[i][j] = Vector{};
    }
    for (int64_t p = 0; p < depth; ++p, a += Rows, b += cols) {
      Vector line[Vectors];
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) line[j] = *reinterpret_cast<const Vector*>(b + j * lanes);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) sum[i][j] += a[i] * line[j];
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) {
        Vector* to = reinterpret_cast<Vector*>(c + i * ldc + j * lanes);
        *to = add ? *to + sum[i][j] : sum[i][j];
      }
    }
  }
};

#define DEEPSEEK_MICRO(name, target, bytes, rows_, vectors)                                                             \
  template <class T>                                                                                                    \
  struct name {                                                                                                         \
    using Body = Tile<T, bytes, rows_, vectors>;                                                                        \
    target static void multiply(int64_t depth, const T* a, const T* b, T* c, int64_t ldc, bool add) {                   \
      Body::multiply(depth, a, b, c, ldc, add);                                                                         \
    }                                                                                                                   \
    target static void pack_rows(const T* from, int64_t line, int64_t step, int64_t lines, int64_t depth, T* to) {      \
      pack_panels<rows_>(from, line, step, lines, depth, to);                                                           \
    }                                                                                                                   \
    target static void pack_cols(const T* from, int64_t line, int64_t step, int64_t lines, int64_t depth, T* to) {      \
      pack_panels<Body::cols>(from, line, step, lines, depth, to);                                                      \
    }                                                                                                                   \
    static constexpr Micro<T> table{rows_, Body::cols, &multiply, &pack_rows, &pack_cols};                              \
  };
DEEPSEEK_MICRO(Baseline, , 16, 4, 2)
DEEPSEEK_MICRO(Avx2, DEEPSEEK_TARGET_AVX2, 32, 6, 2)
DEEPSEEK_MICRO(Avx512, DEEPSEEK_TARGET_AVX512, 64, 12, 2)
#undef DEEPSEEK_MICRO

}  // namespace

template <class T>
const Micro<T>& micro() {
  switch (fused::current_isa()) {
    case fused::Isa::avx512: return Avx512<T>::table;
    case fused::Isa::avx2: return Avx2<T>::table;
    default: return Baseline<T>::table;
  }
}
template const Micro<float>& micro<float>();
template const Micro<double>& micro<double>();
template const Micro<uint32_t>& micro<uint32_t>();
template const Micro<uint64_t>& micro<uint64_t>();

}  // namespace deepseek::gemm
