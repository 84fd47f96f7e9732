// Philox2x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) as a function of position and key.
#pragma once
#include "deepseek/backends/cpu/fused/math.h"

namespace deepseek::philox {

struct Words {
  uint32_t a, b;
};

DEEPSEEK_INLINE Words rounds(uint32_t a, uint32_t b, uint32_t k) {
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const uint64_t product = uint64_t{0xd256d193u} * a;
    a = static_cast<uint32_t>(product >> 32) ^ k ^ b;
    b = static_cast<uint32_t>(product);
    k += 0x9e3779b9u;
  }
  return {a, b};
}

// The lower half of the key is Philox's key; the upper half offsets the upper half of the counter, which positions below 2^32
// leave at zero, so that draws differ unless all 64 bits of their keys agree.
DEEPSEEK_INLINE Words words(int64_t position, int64_t key) {
  const auto high = static_cast<uint32_t>((static_cast<uint64_t>(position) ^ static_cast<uint64_t>(key)) >> 32);
  return rounds(static_cast<uint32_t>(position), high, static_cast<uint32_t>(key));
}

// [0, 1) in steps of 2^-24 and 2^-52.
template <class T>
DEEPSEEK_INLINE T uniform(Words w) {
  if constexpr (sizeof(T) == 4) {
    return static_cast<float>(static_cast<int32_t>(w.a >> 8)) * 0x1p-24f;
  } else {
    const uint64_t bits = static_cast<uint64_t>(w.a) << 32 | w.b;
    return fused::detail::from_bits<double>((bits >> 12) | 0x3ff0000000000000u) - 1.0;
  }
}

// Box and Muller: a radius from one word, an angle from the other.
template <class T>
DEEPSEEK_INLINE T normal(Words w) {
  const T u = (static_cast<T>(static_cast<int32_t>(w.a >> 1)) + T(0.5)) * T(0x1p-31);
  const T radius = std::sqrt(T(-2) * fused::log(u));
  // The angle is b / 2^32 turns: the nearest quarter turn and a signed rest.
  const uint32_t quarter = (w.b + 0x20000000u) >> 30;
  const T rest = static_cast<T>(static_cast<int32_t>(w.b << 2) >> 2) * T(0x1.921fb54442d18p-30);
  if constexpr (sizeof(T) == 4) {
    return radius * fused::detail::sin_of({quarter + 1, rest});
  } else {
    return radius * fused::sin(rest + static_cast<double>(quarter + 1) * 0x1.921fb54442d18p+0);
  }
}

}  // namespace deepseek::philox
