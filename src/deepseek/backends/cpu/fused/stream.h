// Moving whole blocks between memory and the caches.
#pragma once
#include <cstddef>
#include <cstdint>

namespace deepseek::fused {

// Copies past the caches, for results too large to be found there. Other threads may read the result after
// stream_fence().
void stream_out(void* out, const void* in, size_t bytes);
void stream_fence();

template <bool Write>
inline void fetch_ahead(const std::byte* memory, int64_t lines) {
  for (int64_t i = 0; i < lines; ++i) __builtin_prefetch(memory + 64 * i, Write, 3);
}

}  // namespace deepseek::fused
