#include "deepseek/backends/cpu/ctc/rows.h"

namespace deepseek::ctc {
namespace {

#define DEEPSEEK_CTC_ROWS(Name, target)                                                                             \
  template <class T>                                                                                                \
  struct Name {                                                                                                     \
    target static void advance(const T* a, const T* b, const T* c, const T* skip, const T* emitted, T* to,          \
                               int64_t n) {                                                                         \
      body::advance(a, b, c, skip, emitted, to, n);                                                                 \
    }                                                                                                               \
    target static void shares(const T* alpha, const T* beta, const T* emitted, T total, T* to, int64_t n) {         \
      body::shares(alpha, beta, emitted, total, to, n);                                                             \
    }                                                                                                               \
    target static void differences(const T* x, T factor, T* to, int64_t n) { body::differences(x, factor, to, n); } \
    static constexpr Rows<T> all{&advance, &shares, &differences};                                                  \
  };
DEEPSEEK_CTC_ROWS(Baseline, )
DEEPSEEK_CTC_ROWS(Avx2, DEEPSEEK_TARGET_AVX2)
DEEPSEEK_CTC_ROWS(Avx512, DEEPSEEK_TARGET_AVX512)
#undef DEEPSEEK_CTC_ROWS

}  // namespace

template <class T>
const Rows<T>& Rows<T>::best() {
  static constexpr const Rows<T>* table[] = {&Baseline<T>::all, &Avx2<T>::all, &Avx512<T>::all};
  return *table[static_cast<int>(fused::current_isa())];
}
template const Rows<float>& Rows<float>::best();
template const Rows<double>& Rows<double>::best();

}  // namespace deepseek::ctc
