// Gathers image patches into the panels of a packed product.
#pragma once
#include <vector>

#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/gemm/element.h"

namespace deepseek::conv {

// Strides of a (n, c, ...) operand with the spatial dims padded in front to three.
struct ImageStrides {
  int64_t batch, channel;
  Triple space;
};
inline ImageStrides image_strides(const Strides& s) {
  ImageStrides out{s[0], s[1], {0, 0, 0}};
  for (int d = 2; d < s.size(); ++d) out.space[static_cast<size_t>(d + 3 - s.size())] = s[d];
  return out;
}

// Element (pixel, tap) is what the kernel's tap sees at the pixel, zero outside the image. Forward: pixels of the output over
// the input. Transposed: pixels of the input over the output, where a tap sees only every stride-th place.
template <bool Transposed>
class Patches {
 public:
  struct Place {
    int64_t offset;
    int64_t z, y, x;
  };

  // `channels` per group of the image that is looked at.
  Patches(const ConvShape& s, const ImageStrides& image, int64_t channels)
      : s_(s), image_(image), pixels_(Transposed ? s.in : s.out), seen_(Transposed ? s.out : s.in) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t z = 0; z < s.kernel[0]; ++z) {
        for (int64_t y = 0; y < s.kernel[1]; ++y) {
          for (int64_t x = 0; x < s.kernel[2]; ++x) {
            const int64_t sign = Transposed ? -1 : 1;
            taps_.push_back({c * image.channel, sign * z * s.dilation[0], sign * y * s.dilation[1], sign * x * s.dilation[2]});
          }
        }
      }
    }
  }

  int64_t taps() const { return static_cast<int64_t>(taps_.size()); }
  int64_t pixels() const { return s_.batch * pixels_[0] * pixels_[1] * pixels_[2]; }

  Place pixel(int64_t i) const {
    Place p;
    p.x = i % pixels_[2], i /= pixels_[2];
    p.y = i % pixels_[1], i /= pixels_[1];
    p.z = i % pixels_[0], i /= pixels_[0];
    p.offset = i * image_.batch;
    if constexpr (Transposed) {
      p.z += s_.pad[0], p.y += s_.pad[1], p.x += s_.pad[2];
    } else {
      p.z = p.z * s_.stride[0] - s_.pad[0], p.y = p.y * s_.stride[1] - s_.pad[1], p.x = p.x * s_.stride[2] - s_.pad[2];
    }
    return p;
  }
  const Place& tap(int64_t i) const { return taps_[static_cast<size_t>(i)]; }

  template <class T, class S>
  T at(const S* image, const Place& pixel, const Place& tap) const {
    int64_t z = pixel.z + tap.z, y = pixel.y + tap.y, x = pixel.x + tap.x;
    if constexpr (Transposed) {
      if (z < 0 || y < 0 || x < 0) return T{};
      if (z % s_.stride[0] || y % s_.stride[1] || x % s_.stride[2]) return T{};
      z /= s_.stride[0], y /= s_.stride[1], x /= s_.stride[2];
    }
    const auto outside = [](int64_t i, int64_t n) { return static_cast<uint64_t>(i) >= static_cast<uint64_t>(n); };
    if (outside(z, seen_[0]) || outside(y, seen_[1]) || outside(x, seen_[2])) return T{};
    return gemm::load_element<T>(image[pixel.offset + tap.offset + z * image_.space[0] + y * image_.space[1] + x * image_.space[2]]);
  }

  // Panels whose lines are pixels and whose depth are taps.
  template <class T, class S>
  void pack_pixels(const S* image, int64_t first, int64_t count, int64_t p, int64_t depth, int width, T* to) const {
    std::array<Place, 64> places;
    for (int64_t i = 0; i < count; i += width, to += width * depth) {
      const int64_t n = std::min<int64_t>(width, count - i);
      for (int64_t j = 0; j < n; ++j) places[static_cast<size_t>(j)] = pixel(first + i + j);
      for (int64_t q = 0; q < depth; ++q) {
        for (int64_t j = 0; j < n; ++j) to[q * width + j] = at<T>(image, places[static_cast<size_t>(j)], tap(p + q));
        for (int64_t j = n; j < width; ++j) to[q * width + j] = T{};
      }
    }
  }
  // Panels whose lines are taps and whose depth are pixels.
  template <class T, class S>
  void pack_taps(const S* image, int64_t first, int64_t count, int64_t p, int64_t depth, int width, T* to) const {
    for (int64_t q = 0; q < depth; ++q) {
      const Place place = pixel(p + q);
      for (int64_t i = 0; i < count; i += width) {
        T* line = to + i * depth + q * width;
        for (int64_t j = 0; j < width; ++j) line[j] = i + j < count ? at<T>(image, place, tap(first + i + j)) : T{};
      }
    }
  }

 private:
  ConvShape s_;
  ImageStrides image_;
  Triple pixels_, seen_;
  std::vector<Place> taps_;
};

}  // namespace deepseek::conv
