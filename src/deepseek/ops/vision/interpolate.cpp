// Images at another size, one dim after the other.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

constexpr int64_t most_pixels = 1 << 24;  // along one dim; each costs three numbers on the way

// Which pixels an output pixel lies between, and how far it is from the first.
struct Between {
  std::vector<int64_t> first, second;
  std::vector<double> part;
};

Between places(int64_t in, int64_t out, double step, bool nearest, bool align_corners) {
  Between b;
  for (int64_t i = 0; i < out; ++i) {
    const auto at = static_cast<double>(i);
    double from = nearest ? at * step : (at + 0.5) * step - 0.5;
    if (!nearest && align_corners) from = out > 1 ? at * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
    from = std::max(from, 0.0);
    const int64_t first = std::min(static_cast<int64_t>(from), in - 1);
    b.first.push_back(first);
    b.second.push_back(std::min(first + 1, in - 1));
    b.part.push_back(std::min(from - static_cast<double>(first), 1.0));
  }
  return b;
}

Tensor resized(const Tensor& x, int dim, int64_t out, double step, bool nearest, bool align_corners) {
  const Between b = places(x.size(dim), out, step, nearest, align_corners);
  const Tensor first = index_select(x, dim, Tensor::from_vector(b.first, {out}));
  if (nearest) return first;
  const Tensor second = index_select(x, dim, Tensor::from_vector(b.second, {out}));
  Shape shape = Dims::filled(x.rank(), 1);
  shape[dim] = out;
  return first + (second - first) * cast(Tensor::from_vector(b.part, shape), x.dtype());
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, interpolate,
                  (const Tensor& input, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<double> scale_factor DEFAULT(std::nullopt), std::string mode DEFAULT("nearest"),
                   std::optional<bool> align_corners DEFAULT(std::nullopt)),
                  "`input` (batch, channels, space...) at another `size`, or its size times `scale_factor`.\n"
                  "`mode` is 'nearest', 'linear' (1-D), 'bilinear' (2-D) or 'trilinear' (3-D); with `align_corners` the corner "
                  "pixels stay in place.") {
  const int spatial = input.rank() - 2;
  ensure(spatial >= 1 && spatial <= 3, "interpolate: input must be (batch, channels, space...), but it is ",
         to_string(input.shape()));
  constexpr const char* linear_modes[] = {"linear", "bilinear", "trilinear"};
  const bool nearest = mode == "nearest";
  ensure(nearest || mode == linear_modes[spatial - 1], "interpolate: mode must be 'nearest' or '", linear_modes[spatial - 1],
         "' for input ", to_string(input.shape()), ", but it is '", mode, "'");
  ensure(size.has_value() != scale_factor.has_value(), "interpolate: give either size or scale_factor");
  ensure(!nearest || !align_corners, "interpolate: align_corners has no meaning for mode 'nearest'");
  ensure(!scale_factor || *scale_factor > 0, "interpolate: scale_factor must be positive, but it is ",
         scale_factor.value_or(0));
  if (!nearest && !is_floating_point(input.dtype())) raise_type("interpolate: input must be floating point, but it is ",
                                                                name_of(input.dtype()));
  const Dims sizes = size ? per_dim("interpolate", "size", *size, spatial, 1) : Dims();
  Tensor y = input;
  for (int d = 0; d < spatial; ++d) {
    const int64_t in = input.size(d + 2);
    ensure(in >= 1, "interpolate: input ", to_string(input.shape()), " has no pixels");
    const int64_t out = size ? sizes[d] : static_cast<int64_t>(std::floor(static_cast<double>(in) * *scale_factor));
    ensure(out >= 1, "interpolate: scale_factor ", scale_factor.value_or(0), " leaves no pixels of input ",
           to_string(input.shape()));
    ensure(out <= most_pixels, "interpolate: ", out, " pixels along spatial dim ", d, " are more than ", most_pixels);
    const double step = scale_factor ? 1 / *scale_factor : static_cast<double>(in) / static_cast<double>(out);
    y = resized(y, d + 2, out, step, nearest, align_corners.value_or(false));
  }
  return y;
}
DEEPSEEK_FACTS(interpolate, .in = {"functional"},
               .reference = "references.interpolate(input, size, scale_factor, mode, align_corners)",
               .good = {"randn(2, 3, 4), size=7", "randn(2, 2, 4, 5), scale_factor=2.0",
                        "randn(1, 2, 4, 5), size=(6, 3), mode='bilinear'",
                        "randn(1, 2, 3, 3), scale_factor=2.0, mode='bilinear', align_corners=True",
                        "randn(1, 1, 3, 2, 2), size=4, mode='trilinear'"},
               .bad = {"randn(2, 3), size=4", "randn(2, 3, 4)", "randn(2, 3, 4), size=4, scale_factor=2.0",
                       "randn(2, 3, 4), size=4, mode='bilinear'", "randn(2, 3, 4), size=0",
                       "randn(2, 3, 4), size=4, align_corners=True"});

DEEPSEEK_FUNCTION(Tensor, pixel_shuffle, (const Tensor& input, int64_t upscale_factor),
                  "Moves channels into space: (..., c * r * r, h, w) becomes (..., c, h * r, w * r) for r = "
                  "`upscale_factor`.") {
  const int64_t r = upscale_factor;
  const int at = input.rank() - 3;
  ensure(at >= 0 && r >= 1 && input.size(at) % (r * r) == 0, "pixel_shuffle: input must be (..., c * ", r, " * ", r,
         ", h, w), but it is ", to_string(input.shape()));
  Shape front(std::span(input.shape().data(), static_cast<size_t>(at)));
  const int64_t batch = front.numel(), c = input.size(at) / (r * r), h = input.size(at + 1), w = input.size(at + 2);
  const Tensor moved = permute(reshape(input, {batch, c, r, r, h, w}), {0, 1, 4, 2, 5, 3});
  for (int64_t n : {c, h * r, w * r}) front.push_back(n);
  return reshape(moved, front);
}
DEEPSEEK_FACTS(pixel_shuffle, .in = {"functional"},
               .reference = "input.reshape(2, 3, 2, 2, 4, 5).transpose(0, 1, 4, 2, 5, 3).reshape(2, 3, 8, 10)",
               .good = {"randn(2, 12, 4, 5), 2"}, .bad = {"randn(2, 10, 4, 5), 2", "randn(4, 5), 2"});

DEEPSEEK_FUNCTION(Tensor, pixel_unshuffle, (const Tensor& input, int64_t downscale_factor),
                  "Moves space into channels: (..., c, h * r, w * r) becomes (..., c * r * r, h, w) for r = "
                  "`downscale_factor`.") {
  const int64_t r = downscale_factor;
  const int at = input.rank() - 3;
  ensure(at >= 0 && r >= 1 && input.size(at + 1) % r == 0 && input.size(at + 2) % r == 0,
         "pixel_unshuffle: input must be (..., c, h * ", r, ", w * ", r, "), but it is ", to_string(input.shape()));
  Shape front(std::span(input.shape().data(), static_cast<size_t>(at)));
  const int64_t batch = front.numel(), c = input.size(at), h = input.size(at + 1) / r, w = input.size(at + 2) / r;
  const Tensor moved = permute(reshape(input, {batch, c, h, r, w, r}), {0, 1, 3, 5, 2, 4});
  for (int64_t n : {c * r * r, h, w}) front.push_back(n);
  return reshape(moved, front);
}
DEEPSEEK_FACTS(pixel_unshuffle, .in = {"functional"},
               .reference = "input.reshape(2, 3, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4).reshape(2, 12, 2, 3)",
               .good = {"randn(2, 3, 4, 6), 2"}, .bad = {"randn(2, 3, 5, 6), 2", "randn(4, 6), 2"});

}  // namespace deepseek
