#include <limits>

#include "deepseek/backends/cpu/pool/walk.h"

namespace deepseek::pool {
namespace {

template <class S>
using Compute = std::conditional_t<std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>, float, S>;

// The places of the largest values of `count` channels from `channel` on.
template <class S>
struct Largest {
  using T = Compute<S>;
  T value[channel_block];
  int32_t place[channel_block];

  void find(const Windows& w, const S* image, int64_t n, int64_t z, int64_t y, int64_t x, int64_t channel, int64_t count) {
    for (int64_t c = 0; c < count; ++c) {
      value[c] = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    }
    bool first = true;
    each_place(w, n, z, y, x, [&](int64_t offset, int64_t at) {
      const S* from = image + offset + channel;
      const auto here = static_cast<int32_t>(at);
      if (first) std::fill(place, place + count, here);
      first = false;
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        const T v = gemm::load_element<T>(from[c]);
        const bool larger = !(v <= value[c]) & (value[c] == value[c]);
        value[c] = larger ? v : value[c];
        place[c] = larger ? here : place[c];
      }
    });
  }
};

template <class S, class F>
void each_block(const Windows& w, F&& f) {
  for (int64_t c = 0; c < w.channels; c += channel_block) f(c, std::min(channel_block, w.channels - c));
}

template <class S>
void run(MaxKind kind, const Windows& w, const KernelRun& run) {
  const S* image = static_cast<const S*>(run.inputs[0]);
  const int64_t pixels = w.in[0] * w.in[1] * w.in[2];
  if (kind == MaxKind::scatter) {
    const S* grad = static_cast<const S*>(run.inputs[1]);
    S* to = static_cast<S*>(run.outputs[0]);
    parallel_images(w, [&](int64_t first, int64_t last, int64_t begin, int64_t end) {
      std::fill(to + first * pixels * w.channels, to + last * pixels * w.channels, S{});
      Largest<S> largest;
      each_output(w, begin, end, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t at) {
        each_block<S>(w, [&](int64_t c, int64_t count) {
          largest.find(w, image, n, z, y, x, c, count);
          S* out = to + n * pixels * w.channels + c;
          for (int64_t i = 0; i < count; ++i) {
            S& target = out[largest.place[i] * w.channels + i];
            target = gemm::store_element<S>(gemm::load_element<Compute<S>>(target) + gemm::load_element<Compute<S>>(grad[at + c + i]));
          }
        });
      });
    });
    return;
  }
  parallel_rows(w, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t at) {
    Largest<S> largest;
    each_block<S>(w, [&](int64_t c, int64_t count) {
      largest.find(w, image, n, z, y, x, c, count);
      if (kind == MaxKind::value) {
        S* to = static_cast<S*>(run.outputs[0]) + at + c;
        for (int64_t i = 0; i < count; ++i) to[i] = gemm::store_element<S>(largest.value[i]);
      } else if (kind == MaxKind::index) {
        int64_t* to = static_cast<int64_t*>(run.outputs[0]) + at + c;
        for (int64_t i = 0; i < count; ++i) to[i] = largest.place[i];
      } else {
        const S* from = static_cast<const S*>(run.inputs[1]) + n * pixels * w.channels + c;
        S* to = static_cast<S*>(run.outputs[0]) + at + c;
        for (int64_t i = 0; i < count; ++i) to[i] = from[largest.place[i] * w.channels + i];
      }
    });
  });
}

}  // namespace

KernelFn make_max(MaxKind kind, const Windows& windows, KernelContext& context) {
  ask_channels_last(context);
  return visit_dtype(context.inputs[0].spec.dtype, [&](auto element) -> KernelFn {
    using S = std::conditional_t<std::is_same_v<decltype(element), bool>, uint8_t, decltype(element)>;
    return [kind, windows](const KernelRun& r) { run<S>(kind, windows, r); };
  });
}

}  // namespace deepseek::pool
