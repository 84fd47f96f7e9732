// A hash of words that only finds candidates: whoever uses it compares the words.
#pragma once
#include <cstdint>
#include <span>

namespace deepseek::scheduler {

// Four sums side by side, so that a multiplication need not wait for the one before.
inline uint64_t hash_words(std::span<const uint64_t> words) {
  constexpr uint64_t odd = 0xff51afd7ed558ccdull;
  uint64_t h[4] = {words.size(), 0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, 0x165667b19e3779f9ull};
  size_t i = 0;
  for (; i + 4 <= words.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      h[lane] = (h[lane] ^ words[i + lane]) * odd;
      h[lane] ^= h[lane] >> 29;
    }
  }
  for (; i < words.size(); ++i) {
    h[i % 4] = (h[i % 4] ^ words[i]) * odd;
    h[i % 4] ^= h[i % 4] >> 29;
  }
  uint64_t all = ((h[0] * odd ^ h[1]) * odd ^ h[2]) * odd ^ h[3];
  all *= odd;
  return all ^ all >> 32;
}

}  // namespace deepseek::scheduler
