// The normal distribution for float: its function and its bell share one exp.
#pragma once
#include "deepseek/backends/cpu/fused/math/exp.h"

namespace deepseek::fused {

struct Normal {
  float bell;  // exp(-x^2 / 2)
  float cdf;
};

// Max error of each 8 ULP (of the smallest normal number where the result is below it). No cancellation far below zero, where the function is bell(x) u Q(u) with
// u = 1 / (1 + 0.3 |x|) (minimax of the relative error: 4e-9).
DEEPSEEK_INLINE Normal normal(float x) {
  const float t = std::fabs(x), a = t > 15.0f ? 15.0f : t;
  // x^2 = head^2 + rest with head^2 exact; exp turns an absolute error of its argument into a relative one.
  const float head = detail::from_bits<float>(detail::bits_of(a) & 0xfffff000u);
  const float rest = -0.5f * ((a - head) * (a + head));
  const float bell = exp(-0.5f * head * head) * detail::polynomial(rest, 1.0f / 6, 0.5f, 1.0f, 1.0f);
  const float u = 1.0f / (1.0f + 0.3f * a);
  const float q = detail::polynomial(u, -0.020624915137887f, 0.11244374513626099f, -0.2282334268093109f, 0.19181203842163086f,
                                     -0.07944733649492264f, 0.09617021679878235f, 0.07838480174541473f, 0.1102365180850029f,
                                     0.11957167834043503f, 0.11968670040369034f);
  const float tail = bell * (u * q);
  const float cdf = x < 0.0f ? tail : 1.0f - tail;
  return {x != x ? x : bell, x != x ? x : cdf};
}

}  // namespace deepseek::fused
