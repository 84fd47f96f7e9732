// sin, cos, tan. Float has a vector form for every argument; double calls the C library.
#pragma once
#include "deepseek/backends/cpu/fused/math/float_traits.h"

namespace deepseek::fused {
namespace detail {

// 2^k mod 2 pi for k = 0..104, as a 29-bit head (so that a 24-bit integer times it is exact) and the rest.
inline constexpr double turn_hi[105] = {
    0x1.0000000000000p+0, 0x1.0000000000000p+1, 0x1.0000000000000p+2, 0x1.b7812af000000p+0, 0x1.b7812af000000p+1,
    0x1.2b0bad5000000p-1, 0x1.2b0bad5000000p+0, 0x1.2b0bad5000000p+1, 0x1.2b0bad5000000p+2, 0x1.87ef4ad000000p+1,
    0x1.87ef4ad000000p+2, 0x1.7dbee05000000p+2, 0x1.695e0b7000000p+2, 0x1.409c619000000p+2, 0x1.de321bb000000p+1,
    0x1.304999d000000p+0, 0x1.304999d000000p+1, 0x1.304999d000000p+2, 0x1.9ce6fca000000p+1, 0x1.58e8ec1000000p-3,
    0x1.58e8ec1000000p-2, 0x1.58e8ec1000000p-1, 0x1.58e8ec1000000p+0, 0x1.58e8ec1000000p+1, 0x1.58e8ec1000000p+2,
    0x1.1fb222e000000p+2, 0x1.5a89210000000p+1, 0x1.5a89210000000p+2, 0x1.22f28cb000000p+2, 0x1.678ac85000000p+1,
    0x1.678ac85000000p+2, 0x1.3cf5db5000000p+2, 0x1.cf9802b000000p+1, 0x1.ebc26b9000000p-1, 0x1.ebc26b9000000p+0,
    0x1.ebc26b9000000p+1, 0x1.668ad94000000p+0, 0x1.668ad94000000p+1, 0x1.668ad94000000p+2, 0x1.3af5fd5000000p+2,
    0x1.c7988aa000000p+1, 0x1.abc6aad000000p-1, 0x1.abc6aad000000p+0, 0x1.abc6aad000000p+1, 0x1.9a6f588000000p-2,
    0x1.9a6f588000000p-1, 0x1.9a6f588000000p+0, 0x1.9a6f588000000p+1, 0x1.09f4684000000p-3, 0x1.09f4684000000p-2,
    0x1.09f4684000000p-1, 0x1.09f4684000000p+0, 0x1.09f4684000000p+1, 0x1.09f4684000000p+2, 0x1.0392367000000p+1,
    0x1.0392367000000p+2, 0x1.d412de5000000p+0, 0x1.d412de5000000p+1, 0x1.07cca43000000p+0, 0x1.07cca43000000p+1,
    0x1.07cca43000000p+2, 0x1.f5e64c5000000p+0, 0x1.f5e64c5000000p+1, 0x1.8f1a5c4000000p+0, 0x1.8f1a5c4000000p+1,
    0x1.8f1a5c4000000p+2, 0x1.8c15033000000p+2, 0x1.860a513000000p+2, 0x1.79f4ed1000000p+2, 0x1.61ca24d000000p+2,
    0x1.3174946000000p+2, 0x1.a192e71000000p+1, 0x1.ee66399000000p-3, 0x1.ee66399000000p-2, 0x1.ee66399000000p-1,
    0x1.ee66399000000p+0, 0x1.ee66399000000p+1, 0x1.711a111000000p+0, 0x1.711a111000000p+1, 0x1.711a111000000p+2,
    0x1.50146ce000000p+2, 0x1.0e09247000000p+2, 0x1.13e5275000000p+1, 0x1.13e5275000000p+2, 0x1.2b5532c000000p+1,
    0x1.2b5532c000000p+2, 0x1.8915606000000p+1, 0x1.8915606000000p+2, 0x1.800b0b9000000p+2, 0x1.6df661d000000p+2,
    0x1.49cd0e6000000p+2, 0x1.017a678000000p+2, 0x1.c35466d000000p+0, 0x1.c35466d000000p+1, 0x1.89a58c4000000p-1,
    0x1.89a58c4000000p+0, 0x1.89a58c4000000p+1, 0x1.89a58c4000000p+2, 0x1.812b634000000p+2, 0x1.7037114000000p+2,
    0x1.4e4e6d3000000p+2, 0x1.0a7d252000000p+2, 0x1.05b529f000000p+1, 0x1.05b529f000000p+2, 0x1.e52a7a6000000p+0};
inline constexpr double turn_lo[105] = {
    0x0.0p+0, 0x0.0p+0, 0x0.0p+0, -0x1.0b4611a626331p-32, -0x1.0b4611a626331p-31, 0x1.63d0d3e0a0805p-31,
    0x1.63d0d3e0a0805p-30, 0x1.63d0d3e0a0805p-29, 0x1.63d0d3e0a0805p-28, -0x1.244ae564858a6p-30,
    -0x1.244ae564858a6p-29, 0x1.cb00b98118127p-28, -0x1.7ab2ee18323e5p-28, -0x1.868f52b1b7f28p-34,
    0x1.c62e48a01fba7p-29, -0x1.2a1861e90aa2fp-30, -0x1.2a1861e90aa2fp-29, -0x1.2a1861e90aa2fp-28,
    0x1.3635b62710adep-29, 0x1.6055432b92ab6p-34, 0x1.6055432b92ab6p-33, 0x1.6055432b92ab6p-32, 0x1.6055432b92ab6p-31,
    0x1.6055432b92ab6p-30, 0x1.6055432b92ab6p-29, 0x1.3e838844c120cp-30, -0x1.c5ca73e0074b5p-30,
    -0x1.c5ca73e0074b5p-29, 0x1.29812b0596518p-28, -0x1.7b64161e6b807p-29, -0x1.7b64161e6b807p-28,
    -0x1.df2355ce59043p-34, 0x1.c0a5086e55a96p-29, 0x1.7f853a9f9a315p-31, 0x1.7f853a9f9a315p-30,
    0x1.7f853a9f9a315p-29, 0x1.bb436614df386p-30, 0x1.bb436614df386p-29, 0x1.bb436614df386p-28,
    -0x1.9a2d94f0a3f27p-28, -0x1.143e2beea9204p-30, -0x1.ad37711b6f34fp-32, -0x1.ad37711b6f34fp-31,
    -0x1.ad37711b6f34fp-30, 0x1.8afe657e60255p-32, 0x1.8afe657e60255p-31, 0x1.8afe657e60255p-30,
    0x1.8afe657e60255p-29, -0x1.6d7ee7008f78ap-34, -0x1.6d7ee7008f78ap-33, -0x1.6d7ee7008f78ap-32,
    -0x1.6d7ee7008f78ap-31, -0x1.6d7ee7008f78ap-30, -0x1.6d7ee7008f78ap-29, -0x1.f8cd206bc76f2p-30,
    -0x1.f8cd206bc76f2p-29, -0x1.303030c53a4afp-33, -0x1.303030c53a4afp-32, -0x1.b5d339984d648p-31,
    -0x1.b5d339984d648p-30, -0x1.b5d339984d648p-29, 0x1.cbc32a6a81c2ap-31, 0x1.cbc32a6a81c2ap-30,
    -0x1.56965f290c0efp-31, -0x1.56965f290c0efp-30, -0x1.56965f290c0efp-29, 0x1.98b53fbc918dep-28,
    -0x1.df49e1a13f478p-28, -0x1.9e9048b9c1e44p-29, 0x1.50bb562bdbb89p-28, 0x1.90c24b3d550dep-28,
    0x1.0d0356047b88ep-32, -0x1.e27ecb3a5e429p-33, -0x1.e27ecb3a5e429p-32, -0x1.e27ecb3a5e429p-31,
    -0x1.e27ecb3a5e429p-30, -0x1.e27ecb3a5e429p-29, 0x1.999a7567eb471p-33, 0x1.999a7567eb471p-32,
    0x1.999a7567eb471p-31, -0x1.549b8780cf22dp-29, 0x1.9ab01764ce79fp-28, 0x1.255e6d79d485fp-31,
    0x1.255e6d79d485fp-30, -0x1.f814a975e080fp-30, -0x1.f814a975e080fp-29, 0x1.ee6deadf7a37dp-29,
    0x1.ee6deadf7a37dp-28, -0x1.33d88b5b6df3ap-28, 0x1.0f35105d836b3p-29, -0x1.7f50bcdef8092p-36,
    -0x1.13b3029420534p-28, -0x1.c0d33215184dcp-31, -0x1.c0d33215184dcp-30, 0x1.dc40bb622ebdap-33,
    0x1.dc40bb622ebdap-32, 0x1.dc40bb622ebdap-31, 0x1.dc40bb622ebdap-30, -0x1.14a01b4a5822fp-31,
    -0x1.55dc67ecf86bfp-28, 0x1.0e4b3c2eb313cp-30, -0x1.131d860611b2ap-29, -0x1.1e8f3903a0ae8p-31,
    -0x1.1e8f3903a0ae8p-30, 0x1.8010098f35163p-30};

struct Quadrant {
  uint32_t n;  // modulo 4
  float r;     // |r| <= pi / 4
};

// x = n pi/2 + r (mod 2 pi), r correct to float precision for every finite x; NaN for the others.
DEEPSEEK_INLINE Quadrant reduce_quadrant(float x) {
  const uint32_t b = bits_of(x);
  // |x| >= 2^24 is m 2^k with a 24-bit integer m.
  const int32_t exponent = static_cast<int32_t>((b >> 23) & 0xffu) - 127;
  int32_t k = exponent > 23 ? exponent - 23 : 0;
  k = k > 104 ? 104 : k;
  const double m = static_cast<double>(x * from_bits<float>(static_cast<uint32_t>(127 - k) << 23));
  const double hi = m * turn_hi[k];
  const double lo = m * turn_lo[k];
  const double shifted = hi * 0x1.45f306dc9c883p-1 + 0x1.8p52;
  const double n = shifted - 0x1.8p52;
  const double r = ((hi - n * 0x1.921fb54p+0) - n * 0x1.10b4612p-30) + (lo - n * -0x1.676733ae8fe48p-60);
  return {static_cast<uint32_t>(bits_of(shifted)), static_cast<float>(r)};
}

DEEPSEEK_INLINE float sin_series(float r, float square) {
  return polynomial(square, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f) * (square * r) + r;
}
DEEPSEEK_INLINE float cos_series(float square) {
  return polynomial(square, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f) * (square * square) +
         (1.0f - 0.5f * square);
}
DEEPSEEK_INLINE float sin_of(Quadrant q) {
  const float square = q.r * q.r;
  const float sine = sin_series(q.r, square), cosine = cos_series(square);
  const float value = (q.n & 1u) != 0 ? cosine : sine;
  return from_bits<float>(bits_of(value) ^ ((q.n & 2u) << 30));
}

}  // namespace detail

// Max error 2 ULP over all finite arguments.
DEEPSEEK_INLINE float sin(float x) {
  const float value = detail::sin_of(detail::reduce_quadrant(x));
  return x == 0.0f ? x : value;
}
DEEPSEEK_INLINE float cos(float x) {
  detail::Quadrant q = detail::reduce_quadrant(x);
  ++q.n;
  return detail::sin_of(q);
}
// Max error 4 ULP over all finite arguments.
DEEPSEEK_INLINE float tan(float x) {
  detail::Quadrant q = detail::reduce_quadrant(x);
  const float square = q.r * q.r;
  const float sine = detail::sin_series(q.r, square), cosine = detail::cos_series(square);
  const bool odd = (q.n & 1u) != 0;
  const float value = (odd ? -cosine : sine) / (odd ? sine : cosine);
  return x == 0.0f ? x : value;
}

inline double sin(double x) { return std::sin(x); }
inline double cos(double x) { return std::cos(x); }
inline double tan(double x) { return std::tan(x); }

// Max error 3 ULP over all arguments.
DEEPSEEK_INLINE float atan(float x) {
  const float a = std::fabs(x);
  const bool far = a > 2.414213562373095f, middle = a > 0.4142135623730950f;
  const float numerator = far ? -1.0f : middle ? a - 1.0f : a;
  const float denominator = far ? a : middle ? a + 1.0f : 1.0f;
  const float t = numerator / denominator;
  const float z = t * t;
  const float series = detail::polynomial(z, 8.05374449538e-2f, -1.38776856032e-1f, 1.99777106478e-1f,
                                          -3.33329491539e-1f) * (z * t) + t;
  const float base = far ? 1.5707963267948966f : middle ? 0.7853981633974483f : 0.0f;
  return std::copysign(base + series, x);
}
inline double atan(double x) { return std::atan(x); }

}  // namespace deepseek::fused
