#include "deepseek/backends/cpu/pool/walk.h"

namespace deepseek::pool {
namespace {

template <class S>
using Compute = std::conditional_t<std::is_same_v<S, double>, double, float>;

double share_of(const Windows& w, int64_t z, int64_t y, int64_t x) {
  if (w.divisor != 0) return 1 / w.divisor;
  return 1 / static_cast<double>(w.ranges[0][static_cast<size_t>(z)].size * w.ranges[1][static_cast<size_t>(y)].size *
                                 w.ranges[2][static_cast<size_t>(x)].size);
}

template <class S>
void forward(const Windows& w, const KernelRun& run) {
  using T = Compute<S>;
  const S* image = static_cast<const S*>(run.inputs[0]);
  S* to = static_cast<S*>(run.outputs[0]);
  parallel_rows(w, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t at) {
    const T share = static_cast<T>(share_of(w, z, y, x));
    for (int64_t c = 0; c < w.channels; c += channel_block) {
      const int64_t count = std::min(channel_block, w.channels - c);
      T sum[channel_block] = {};
      each_place(w, n, z, y, x, [&](int64_t offset, int64_t) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) sum[i] += gemm::load_element<T>(image[offset + c + i]);
      });
      for (int64_t i = 0; i < count; ++i) to[at + c + i] = gemm::store_element<S>(sum[i] * share);
    }
  });
}

template <class S>
void backward(const Windows& w, const KernelRun& run) {
  using T = Compute<S>;
  const S* grad = static_cast<const S*>(run.inputs[0]);
  S* to = static_cast<S*>(run.outputs[0]);
  const int64_t image_size = w.in[0] * w.in[1] * w.in[2] * w.channels;
  parallel_images(w, [&](int64_t first, int64_t last, int64_t begin, int64_t end) {
    std::fill(to + first * image_size, to + last * image_size, S{});
    each_output(w, begin, end, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t at) {
      const T share = static_cast<T>(share_of(w, z, y, x));
      each_place(w, n, z, y, x, [&](int64_t offset, int64_t) {
#pragma omp simd
        for (int64_t i = 0; i < w.channels; ++i) {
          to[offset + i] = gemm::store_element<S>(gemm::load_element<T>(to[offset + i]) + share * gemm::load_element<T>(grad[at + i]));
        }
      });
    });
  });
}

}  // namespace

KernelFn make_average(bool is_backward, const Windows& windows, KernelContext& context) {
  ask_channels_last(context);
  const auto make = [&]<class S>(S) -> KernelFn {
    if (is_backward) return [windows](const KernelRun& run) { backward<S>(windows, run); };
    return [windows](const KernelRun& run) { forward<S>(windows, run); };
  };
  switch (context.outputs[0].spec.dtype) {
    case DType::float64: return make(double{});
    case DType::float16: return make(float16_t{});
    case DType::bfloat16: return make(bfloat16_t{});
    default: return make(float{});
  }
}

}  // namespace deepseek::pool
