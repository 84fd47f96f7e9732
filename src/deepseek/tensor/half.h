// Conversions between float32 and the 16-bit floats, round to nearest even; branch-light so that loops vectorise.
#pragma once
#include <bit>
#include <cstdint>

#include "deepseek/tensor/dtype.h"

namespace deepseek {

inline float to_float(bfloat16_t h) { return std::bit_cast<float>(static_cast<uint32_t>(h.bits) << 16); }

inline bfloat16_t to_bfloat16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  const uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  const uint32_t quiet_nan = (u >> 16) | 0x40u;
  return {static_cast<uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? quiet_nan : rounded)};
}

inline float to_float(float16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h.bits & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(h.bits & 0x7fffu) << 13;
  // Scaling by 2^112 rebases the exponent and is exact for subnormals as well.
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  const bool special = (h.bits & 0x7c00u) == 0x7c00u;
  const uint32_t bits = special ? (magnitude | 0x7f800000u) : std::bit_cast<uint32_t>(scaled);
  return std::bit_cast<float>(bits | sign);
}

inline float16_t to_float16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  const uint32_t sign = (u >> 16) & 0x8000u;
  const uint32_t a = u & 0x7fffffffu;
  // Normal range: rebias the exponent, round the 13 dropped bits to nearest even.
  const uint32_t normal = (a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13;
  // Below 2^-14: adding 0.5 aligns the subnormal's last bit with float's last bit, so the FPU rounds.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(a) + 0.5f) - 0x3f000000u;
  uint32_t h = a < 0x38800000u ? subnormal : normal;
  h = a >= 0x477ff000u ? 0x7c00u : h;
  h = a > 0x7f800000u ? 0x7e00u : h;
  return {static_cast<uint16_t>(h | sign)};
}

}  // namespace deepseek
