#include "deepseek/backends/cpu/attention/rows.h"

namespace deepseek::attention {
namespace {

#define DEEPSEEK_ATTENTION_ROWS(Name, target)                                                                             \
  struct Name {                                                                                                           \
    target static float largest(const float* x, int64_t n) { return body::largest(x, n); }                                \
    target static float exponentials(float* x, int64_t n, float shift) { return body::exponentials(x, n, shift); }        \
    target static void scale(float* x, int64_t n, float by) { body::scale(x, n, by); }                                    \
    target static float dot(const float* a, const float* b, int64_t n) { return body::dot(a, b, n); }                     \
    target static void softmax_gradient(const float* p, float* g, int64_t n, float mean, float factor) {                  \
      body::softmax_gradient(p, g, n, mean, factor);                                                                      \
    }                                                                                                                     \
    target static void products(const float* q, const float* k, int64_t stride, int64_t n, int64_t width, float by, float* to) { \
      body::products(q, k, stride, n, width, by, to);                                                                     \
    }                                                                                                                     \
    target static void weighted_sum(const float* w, const float* v, int64_t stride, int64_t n, int64_t width, float* to) { \
      body::weighted_sum(w, v, stride, n, width, to);                                                                     \
    }                                                                                                                     \
    target static void drop(float* x, int64_t n, int64_t begin, int64_t key, uint32_t threshold, float factor) {          \
      body::drop(x, n, begin, key, threshold, factor);                                                                    \
    }                                                                                                                     \
    static constexpr Rows all{&largest, &exponentials, &scale, &dot, &softmax_gradient, &products, &weighted_sum, &drop}; \
  };
DEEPSEEK_ATTENTION_ROWS(Baseline, )
DEEPSEEK_ATTENTION_ROWS(Avx2, DEEPSEEK_TARGET_AVX2)
DEEPSEEK_ATTENTION_ROWS(Avx512, DEEPSEEK_TARGET_AVX512)
#undef DEEPSEEK_ATTENTION_ROWS

}  // namespace

const Rows& Rows::best() {
  static constexpr Rows table[] = {Baseline::all, Avx2::all, Avx512::all};
  return table[static_cast<int>(fused::current_isa())];
}

}  // namespace deepseek::attention
