// Loops that the pools share.
#pragma once
#include <algorithm>

#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/backends/cpu/pool/pool.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::pool {

inline constexpr int64_t channel_block = 64;  // channels that a window keeps in registers and L1

// Calls f(offset of the place's first channel, position in the image) for each place that output (z, y, x) sees.
template <class F>
inline __attribute__((always_inline)) void each_place(const Windows& w, int64_t n, int64_t z, int64_t y, int64_t x, F&& f) {
  const Range &rz = w.ranges[0][static_cast<size_t>(z)], &ry = w.ranges[1][static_cast<size_t>(y)], &rx = w.ranges[2][static_cast<size_t>(x)];
  for (int64_t i = rz.first; i < rz.last; i += w.step[0]) {
    for (int64_t j = ry.first; j < ry.last; j += w.step[1]) {
      for (int64_t k = rx.first; k < rx.last; k += w.step[2]) {
        const int64_t place = (i * w.in[1] + j) * w.in[2] + k;
        f((n * w.in[0] * w.in[1] * w.in[2] + place) * w.channels, place);
      }
    }
  }
}

// Calls f(n, z, y, x, offset of the output's first channel) for each output of rows [begin, end) of the batch's images.
template <class F>
inline __attribute__((always_inline)) void each_output(const Windows& w, int64_t begin, int64_t end, F&& f) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t y = row % w.out[1], z = row / w.out[1] % w.out[0], n = row / (w.out[1] * w.out[0]);
    for (int64_t x = 0; x < w.out[2]; ++x) f(n, z, y, x, (row * w.out[2] + x) * w.channels);
  }
}

// Outputs written independently: in parallel over rows.
template <class F>
void parallel_rows(const Windows& w, F&& f) {
  const int64_t rows = w.batch * w.out[0] * w.out[1];
  parallel_for(rows, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, w.out[2] * w.channels)),
               [&](int64_t begin, int64_t end) { each_output(w, begin, end, f); });
}

// Inputs added to by overlapping windows: in parallel over images, the windows of an image in order.
template <class F>
void parallel_images(const Windows& w, F&& f) {
  const int64_t rows = w.out[0] * w.out[1];
  parallel_for(w.batch, 1, [&](int64_t begin, int64_t end) { f(begin, end, begin * rows, end * rows); });
}

// Operands in channels-last memory.
inline void ask_channels_last(KernelContext& context) {
  for (Operand& o : context.inputs) conv::ask_layout(o, conv::channels_last_strides(o.spec.shape));
  for (Operand& o : context.outputs) o.strides = conv::channels_last_strides(o.spec.shape);
}

}  // namespace deepseek::pool
