// Pools over channels-last images: which input places each output sees, and the kernels that go over them.
#pragma once
#include <array>
#include <vector>

#include "deepseek/ops/kernel_op.h"

namespace deepseek::pool {

// What an output index of one dim sees: places first, first + step, ... below last.
struct Range {
  int64_t first, last;
  int64_t size;  // what it counts for in an average
};

// Spatial dims are padded in front to three.
struct Windows {
  int spatial = 2;
  int64_t batch = 1, channels = 1;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, step{1, 1, 1};
  std::array<std::vector<Range>, 3> ranges;  // per dim, per output index
  double divisor = 0;                        // 0: the window's size
};

// Among equal values the first place wins; NaN wins over numbers.
enum class MaxKind : uint8_t {
  value,    // x -> largest of each window
  index,    // x -> its position among the image's places, int64
  scatter,  // x, dy -> dx: each window's gradient goes to its largest place
  gather    // x, g -> g at each window's largest place
};
KernelFn make_max(MaxKind, const Windows&, KernelContext&);

// x -> mean of each window, or dy -> dx.
KernelFn make_average(bool backward, const Windows&, KernelContext&);

}  // namespace deepseek::pool
