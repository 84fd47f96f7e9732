#include "deepseek/backends/cpu/recurrent/product.h"

namespace deepseek::recurrent {
namespace {

template <class T, int Bytes>
struct Body {
  static constexpr int lanes = Bytes / static_cast<int>(sizeof(T));
  static constexpr int cols = 2 * lanes;
  using Vector [[gnu::vector_size(Bytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;

  // Few rows leave most of the time to the latency of an addition, so that several sums per element run beside each
  // other.
  template <int Rows>
  static constexpr int sums = Rows == 1   ? 4
                              : Rows == 2 ? 2
                                          : 1;

  template <int Rows>
  static inline __attribute__((always_inline)) void multiply(int64_t depth, const T* a, int64_t a_row, const T* panel,
                                                             const T* start, T* out) {
    constexpr int Sums = sums<Rows>;
    Vector sum[Sums][Rows][2];
#pragma GCC unroll 4
    for (int s = 0; s < Sums; ++s) {
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < 2; ++j)
          sum[s][i][j] = s == 0 ? *reinterpret_cast<const Vector*>(start + j * lanes) : Vector{};
      }
    }
    int64_t p = 0;
    for (; p + Sums <= depth; p += Sums) {
#pragma GCC unroll 4
      for (int s = 0; s < Sums; ++s) add<Rows>(sum[s], a + p + s, a_row, panel + (p + s) * cols);
    }
    for (; p < depth; ++p) add<Rows>(sum[0], a + p, a_row, panel + p * cols);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        Vector total = sum[0][i][j];
#pragma GCC unroll 4
        for (int s = 1; s < Sums; ++s) total += sum[s][i][j];
        *reinterpret_cast<Vector*>(out + i * cols + j * lanes) = total;
      }
    }
  }

 private:
  template <int Rows>
  static inline __attribute__((always_inline)) void add(Vector (&sum)[Rows][2], const T* a, int64_t a_row,
                                                        const T* panel) {
    const Vector first = *reinterpret_cast<const Vector*>(panel),
                 second = *reinterpret_cast<const Vector*>(panel + lanes);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const T x = a[i * a_row];
      sum[i][0] += x * first;
      sum[i][1] += x * second;
    }
  }
};

#define DEEPSEEK_RECURRENT_PRODUCTS(Name, target, bytes)                                                             \
  template <class T>                                                                                                 \
  struct Name {                                                                                                      \
    template <int Rows>                                                                                              \
    target static void multiply(int64_t depth, const T* a, int64_t a_row, const T* panel, const T* start, T* out) {  \
      Body<T, bytes>::template multiply<Rows>(depth, a, a_row, panel, start, out);                                   \
    }                                                                                                                \
    static constexpr Products<T> table{                                                                              \
        Body<T, bytes>::cols, {&multiply<1>, &multiply<2>, &multiply<3>, &multiply<4>, &multiply<5>, &multiply<6>}}; \
  };
DEEPSEEK_RECURRENT_PRODUCTS(Baseline, , 16)
DEEPSEEK_RECURRENT_PRODUCTS(Avx2, DEEPSEEK_TARGET_AVX2, 32)
DEEPSEEK_RECURRENT_PRODUCTS(Avx512, DEEPSEEK_TARGET_AVX512, 64)
#undef DEEPSEEK_RECURRENT_PRODUCTS

}  // namespace

template <class T>
const Products<T>& Products<T>::best() {
  static constexpr const Products<T>* table[] = {&Baseline<T>::table, &Avx2<T>::table, &Avx512<T>::table};
  return *table[static_cast<int>(fused::current_isa())];
}
template const Products<float>& Products<float>::best();
template const Products<double>& Products<double>::best();

}  // namespace deepseek::recurrent
