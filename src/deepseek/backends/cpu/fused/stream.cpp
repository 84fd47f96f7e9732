#include "deepseek/backends/cpu/fused/stream.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace deepseek::fused {

void stream_out(void* out, const void* in, size_t bytes) {
  size_t done = 0;
#if defined(__x86_64__)
  auto* o = static_cast<char*>(out);
  auto* x = static_cast<const char*>(in);
  const bool aligned = reinterpret_cast<uintptr_t>(out) % 16 == 0;
  for (; aligned && done + 64 <= bytes; done += 64) {
    const auto load = [&](size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + done + i)); };
    const __m128i a = load(0), b = load(16), c = load(32), d = load(48);
    const auto store = [&](size_t i, __m128i v) { _mm_stream_si128(reinterpret_cast<__m128i*>(o + done + i), v); };
    store(0, a), store(16, b), store(32, c), store(48, d);
  }
#endif
  std::memcpy(static_cast<char*>(out) + done, static_cast<const char*>(in) + done, bytes - done);
}

void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace deepseek::fused
