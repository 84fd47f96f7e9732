// Moving whole blocks between memory and the caches.
#pragma once
#include <cstddef>

namespace deepseek::fused {

// Copies past the caches, for results too large to be found there. Other threads may read the result after
// stream_fence().
void stream_out(void* out, const void* in, size_t bytes);
void stream_fence();

template <bool Write>
inline void fetch_ahead(const void* memory, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(memory) + i, Write, 3);
}

}  // namespace deepseek::fused
