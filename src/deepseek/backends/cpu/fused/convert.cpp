#include "deepseek/backends/cpu/fused/convert.h"

#include <cstring>
#include <limits>

#include "deepseek/tensor/half.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace deepseek::fused {
namespace {

template <class T>
constexpr bool is_half = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

template <class Int, class Float>
inline Int truncate(Float x) {
  constexpr Float low = static_cast<Float>(std::numeric_limits<Int>::min());
  const bool fits = x >= low && x < -low;
  const Int inside = static_cast<Int>(fits ? x : Float(0));
  return fits ? inside : std::numeric_limits<Int>::min();
}

template <class To, class From>
inline To convert_one(From x) {
  if constexpr (is_half<From>) return convert_one<To>(to_float(x));
  else if constexpr (std::is_same_v<To, bool>) return x != From(0);
  else if constexpr (std::is_same_v<To, float16_t>) return to_float16(static_cast<float>(x));
  else if constexpr (std::is_same_v<To, bfloat16_t>) return to_bfloat16(static_cast<float>(x));
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Wide = std::conditional_t<std::is_same_v<To, int64_t>, int64_t, int32_t>;
    return static_cast<To>(truncate<Wide>(x));
  } else return static_cast<To>(x);
}

template <class From, class To>
inline __attribute__((always_inline)) void loop(void* out, const void* const* in, int64_t n) {
  auto* o = static_cast<detail::Cell<To>*>(out);
  auto* x = static_cast<const detail::Cell<From>*>(in[0]);
  // A bool is read as a number: through bool itself the loop would not vectorise.
  using Read = std::conditional_t<std::is_same_v<From, bool>, int32_t, From>;
  DEEPSEEK_IVDEP
  DEEPSEEK_UNROLL
  for (int64_t i = 0; i < n; ++i) {
    Read value;
    if constexpr (std::is_same_v<From, bool>) value = x[i] != 0 ? 1 : 0;
    else value = x[i];
    o[i] = static_cast<detail::Cell<To>>(convert_one<To>(value));
  }
}
#if defined(__x86_64__)
// The processor's own conversions of float16, eight at a time.
DEEPSEEK_TARGET_AVX2 inline void half_to_float(void* out, const void* const* in, int64_t n) {
  auto* o = static_cast<float*>(out);
  auto* x = static_cast<const float16_t*>(in[0]);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(o + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
  for (; i < n; ++i) o[i] = to_float(x[i]);
}
DEEPSEEK_TARGET_AVX2 inline void float_to_half(void* out, const void* const* in, int64_t n) {
  auto* o = static_cast<float16_t*>(out);
  auto* x = static_cast<const float*>(in[0]);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(o + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; ++i) o[i] = to_float16(x[i]);
}
#endif

template <class From, class To>
void baseline(void* out, const void* const* in, int64_t n) { loop<From, To>(out, in, n); }
template <class From, class To>
DEEPSEEK_TARGET_AVX2 void avx2(void* out, const void* const* in, int64_t n) {
#if defined(__x86_64__)
  if constexpr (std::is_same_v<From, float16_t> && std::is_same_v<To, float>) return half_to_float(out, in, n);
  else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, float16_t>) return float_to_half(out, in, n);
  else
#endif
  loop<From, To>(out, in, n);
}
template <class From, class To>
DEEPSEEK_TARGET_AVX512 void avx512(void* out, const void* const* in, int64_t n) {
#if defined(__x86_64__)
  if constexpr (std::is_same_v<From, float16_t> && std::is_same_v<To, float>) return half_to_float(out, in, n);
  else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, float16_t>) return float_to_half(out, in, n);
  else
#endif
  loop<From, To>(out, in, n);
}

template <size_t Bytes>
void copy(void* out, const void* const* in, int64_t n) {
  if (out != in[0]) std::memcpy(out, in[0], static_cast<size_t>(n) * Bytes);
}

template <size_t Bytes>
constexpr BlockFn copies[isa_count] = {&copy<Bytes>, &copy<Bytes>, &copy<Bytes>};
template <class From, class To>
constexpr BlockFn conversions[isa_count] = {&baseline<From, To>, &avx2<From, To>, &avx512<From, To>};

}  // namespace

const BlockFn* copier(int64_t bytes) {
  switch (bytes) {
    case 1: return copies<1>;
    case 2: return copies<2>;
    case 4: return copies<4>;
    default: return copies<8>;
  }
}

const BlockFn* converter(DType from, DType to) {
  if (from == to) return copier(size_of(from));
  return visit_dtype(from, [&](auto f) {
    return visit_dtype(to, [&](auto t) -> const BlockFn* {
      using From = decltype(f);
      using To = decltype(t);
      if constexpr (is_register_type(dtype_of<From>) || is_register_type(dtype_of<To>)) return conversions<From, To>;
      else return nullptr;
    });
  });
}

}  // namespace deepseek::fused
