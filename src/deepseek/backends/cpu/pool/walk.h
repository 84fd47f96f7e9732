// Loops that the pools share.
#pragma once
#include <algorithm>

#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/backends/cpu/pool/lanes.h"

namespace deepseek::pool {

// Rows of outputs are numbered over the batch: (n * out[0] + z) * out[1] + y.
struct RowIndex {
  int64_t n, z, y;
};
inline RowIndex row_index(const Windows& w, int64_t row) {
  return {row / (w.out[1] * w.out[0]), row / w.out[1] % w.out[0], row % w.out[1]};
}

// What the maxima of a row of outputs look at; made once per kernel.
class RowTable {
 public:
  explicit RowTable(const Windows& w) : outputs_(w.out[2]), step_(w.step[2]), channels_(w.channels), width_(w.in[2]) {
    if (w.channels >= 16) return;
    const std::vector<Range>& ranges = w.ranges[2];
    for (const Range& r : ranges) taps_ = std::max(taps_, (r.last - r.first + step_ - 1) / step_);
    for (int64_t k = 0; k < taps_; ++k) {
      for (const Range& r : ranges) {
        // A shorter window sees its first place again, which changes no maximum.
        const int64_t x = r.first + k * step_ < r.last ? r.first + k * step_ : r.first;
        for (int64_t c = 0; c < channels_; ++c) {
          element_.push_back(static_cast<int32_t>(x * channels_ + c));
          x_.push_back(static_cast<int32_t>(x));
        }
      }
    }
  }
  Row row(const Windows& w) const {
    return {w.ranges[2].data(), outputs_, step_, channels_, width_, taps_, element_.data(), x_.data()};
  }

 private:
  int64_t outputs_, step_, channels_, width_, taps_ = 0;
  std::vector<int32_t> element_, x_;
};

// Calls f(offset of the row's first element, row of the image) for each row of the input that a row of outputs sees.
template <class F>
void each_input_row(const Windows& w, const RowIndex& at, F&& f) {
  const Range &rz = w.ranges[0][static_cast<size_t>(at.z)], &ry = w.ranges[1][static_cast<size_t>(at.y)];
  for (int64_t i = rz.first; i < rz.last; i += w.step[0]) {
    for (int64_t j = ry.first; j < ry.last; j += w.step[1]) {
      const int64_t row = i * w.in[1] + j;
      f((at.n * w.in[0] * w.in[1] + row) * w.in[2] * w.channels, static_cast<int32_t>(row));
    }
  }
}

// Outputs written independently: f(row) in parallel.
template <class F>
void parallel_rows(const Windows& w, F&& f) {
  const int64_t rows = w.batch * w.out[0] * w.out[1];
  parallel_for(rows, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, w.out[2] * w.channels)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

// Inputs added to by overlapping windows: images in parallel, f(first row, last row) of each.
template <class F>
void parallel_images(const Windows& w, F&& f) {
  const int64_t rows = w.out[0] * w.out[1];
  parallel_for(w.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) f(n, n * rows, (n + 1) * rows);
  });
}

// Two pairs of lines of this thread: one element per (column of the image or output, channel).
template <class T>
struct Lines {
  T *column, *best;
  int32_t *row, *place;
  explicit Lines(const Windows& w) {
    const int64_t n = gemm::round_up(std::max(w.in[2], w.out[2]) * w.channels, 16);
    auto* bytes = static_cast<std::byte*>(gemm::thread_scratch(2 * n * static_cast<int64_t>(sizeof(T) + sizeof(int32_t))));
    column = reinterpret_cast<T*>(bytes), best = column + n;
    row = reinterpret_cast<int32_t*>(best + n), place = row + n;
  }
};

// Operands in channels-last memory.
inline void ask_channels_last(KernelContext& context) {
  for (Operand& o : context.inputs) conv::ask_layout(o, conv::channels_last_strides(o.spec.shape));
  for (Operand& o : context.outputs) o.strides = conv::channels_last_strides(o.spec.shape);
}

}  // namespace deepseek::pool
