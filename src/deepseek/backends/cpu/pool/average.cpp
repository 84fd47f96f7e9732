#include "deepseek/backends/cpu/pool/walk.h"

namespace deepseek::pool {
namespace {

double share_of(const Windows& w, const RowIndex& at, int64_t x) {
  if (w.divisor != 0) return 1 / w.divisor;
  return 1 / static_cast<double>(w.ranges[0][static_cast<size_t>(at.z)].size * w.ranges[1][static_cast<size_t>(at.y)].size *
                                 w.ranges[2][static_cast<size_t>(x)].size);
}

template <class S>
void forward(const Windows& w, const KernelRun& run) {
  using T = SumType<S>;
  const Lanes<S>& lanes = Lanes<S>::best();
  const S* image = static_cast<const S*>(run.inputs[0]);
  S* to = static_cast<S*>(run.outputs[0]);
  const Row shape{w.ranges[2].data(), w.out[2], w.step[2], w.channels, w.in[2], 0, nullptr, nullptr};
  parallel_rows(w, [&](int64_t row) {
    const Lines<T> lines(w);
    const RowIndex at = row_index(w, row);
    std::fill_n(lines.column, w.in[2] * w.channels, T{});
    each_input_row(w, at, [&](int64_t offset, int32_t) { lanes.add_share(image + offset, T{1}, lines.column, w.in[2] * w.channels); });
    lanes.sum_across(lines.column, shape, lines.best);
    for (int64_t x = 0, i = 0; x < w.out[2]; ++x) {
      const T share = static_cast<T>(share_of(w, at, x));
      for (int64_t c = 0; c < w.channels; ++c, ++i) to[row * w.out[2] * w.channels + i] = gemm::store_element<S>(lines.best[i] * share);
    }
  });
}

// Adds each output's share to the places that it saw; 16-bit images are added up in float32 in the workspace.
template <class S>
void backward(const Windows& w, const KernelRun& run) {
  using T = SumType<S>;
  const Lanes<S>& lanes = Lanes<S>::best();
  const S* grad = static_cast<const S*>(run.inputs[0]);
  const int64_t line = w.in[2] * w.channels, image_size = w.in[0] * w.in[1] * line;
  constexpr bool direct = std::is_same_v<S, T>;
  T* sums = static_cast<T*>(direct ? run.outputs[0] : run.workspace);
  parallel_images(w, [&](int64_t n, int64_t begin, int64_t end) {
    std::fill_n(sums + n * image_size, image_size, T{});
    for (int64_t row = begin; row < end; ++row) {
      const RowIndex at = row_index(w, row);
      each_input_row(w, at, [&](int64_t offset, int32_t) {
        for (int64_t x = 0; x < w.out[2]; ++x) {
          const T share = static_cast<T>(share_of(w, at, x));
          const Range& r = w.ranges[2][static_cast<size_t>(x)];
          for (int64_t k = r.first; k < r.last; k += w.step[2]) {
            lanes.add_share(grad + (row * w.out[2] + x) * w.channels, share, sums + offset + k * w.channels, w.channels);
          }
        }
      });
    }
    if constexpr (!direct) {
      S* to = static_cast<S*>(run.outputs[0]) + n * image_size;
      for (int64_t i = 0; i < image_size; ++i) to[i] = gemm::store_element<S>(sums[n * image_size + i]);
    }
  });
}

}  // namespace

KernelFn make_average(bool is_backward, const Windows& windows, KernelContext& context) {
  ask_channels_last(context);
  const DType type = context.outputs[0].spec.dtype;
  if (is_backward && size_of(type) == 2) context.workspace = context.outputs[0].spec.numel() * static_cast<int64_t>(sizeof(float));
  const auto make = [&]<class S>(S) -> KernelFn {
    if (is_backward) return [windows](const KernelRun& run) { backward<S>(windows, run); };
    return [windows](const KernelRun& run) { forward<S>(windows, run); };
  };
  switch (type) {
    case DType::float64: return make(double{});
    case DType::float16: return make(float16_t{});
    case DType::bfloat16: return make(bfloat16_t{});
    default: return make(float{});
  }
}

}  // namespace deepseek::pool
