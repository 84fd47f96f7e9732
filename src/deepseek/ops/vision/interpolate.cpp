// Images at another size, one dim after the other.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/vision/cubic.h"

namespace deepseek {
namespace {

constexpr int64_t most_pixels = 1 << 24;  // along one dim; each costs a few numbers on the way

enum class Mode { nearest, nearest_exact, linear, cubic, area };

struct Resize {
  Mode mode;
  bool align_corners, antialias;
  int64_t in, out;
  double step;  // pixels of the input for one of the output

  double centre(int64_t i) const {
    const auto at = static_cast<double>(i);
    if (align_corners) return out > 1 ? at * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
    return (at + 0.5) * step - 0.5;
  }
};

// Pixels that output pixels are made of, and their parts in them.
struct Taps {
  std::vector<std::vector<int64_t>> pixels;
  std::vector<std::vector<double>> parts;  // none: the pixel as it is
};

Taps taps_of(const Resize& r) {
  const size_t n = r.mode == Mode::linear ? 2 : r.mode == Mode::cubic ? 4 : 1;
  Taps taps{std::vector<std::vector<int64_t>>(n), std::vector<std::vector<double>>(n > 1 ? n : 0)};
  const auto add = [&](size_t k, double pixel, double part) {
    taps.pixels[k].push_back(static_cast<int64_t>(std::clamp(pixel, 0.0, static_cast<double>(r.in - 1))));
    if (n > 1) taps.parts[k].push_back(part);
  };
  for (int64_t i = 0; i < r.out; ++i) {
    const auto at = static_cast<double>(i);
    if (r.mode == Mode::nearest || r.mode == Mode::nearest_exact) {
      add(0, std::floor((r.mode == Mode::nearest ? at : at + 0.5) * r.step), 1);
    } else if (r.mode == Mode::linear) {
      const double from = std::max(r.centre(i), 0.0), first = std::floor(from), part = from - first;
      add(0, first, 1 - part), add(1, first + 1, part);
    } else {
      const double from = r.centre(i), first = std::floor(from);
      for (size_t k = 0; k < 4; ++k) {
        const double pixel = first - 1 + static_cast<double>(k);
        add(k, pixel, vision::cubic(from - pixel, -0.75));
      }
    }
  }
  return taps;
}

// (out, in): a filter as wide as the pixels of the coarser side, as Pillow's.
Tensor antialias_matrix(const Resize& r) {
  const double step = r.align_corners ? (r.out > 1 ? static_cast<double>(r.in - 1) / static_cast<double>(r.out - 1) : 0) : r.step;
  const double scale = std::max(step, 1.0), support = (r.mode == Mode::cubic ? 2 : 1) * scale;
  std::vector<double> parts(static_cast<size_t>(r.in * r.out), 0.0);
  for (int64_t i = 0; i < r.out; ++i) {
    const double centre = step * (static_cast<double>(i) + 0.5);
    const auto first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const auto last = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), r.in);
    double* row = parts.data() + i * r.in;
    double total = 0;
    for (int64_t j = first; j < last; ++j) {
      const double x = (static_cast<double>(j) - centre + 0.5) / scale;
      row[j] = r.mode == Mode::cubic ? vision::cubic(x, -0.5) : std::max(0.0, 1 - std::abs(x));
      total += row[j];
    }
    for (int64_t j = first; j < last && total != 0; ++j) row[j] /= total;
  }
  return Tensor::from_vector(parts, {r.out, r.in});
}

Tensor resized(const Tensor& x, int dim, const Resize& r) {
  if (r.antialias) {
    const Tensor y = product(transpose(x, dim, -1), cast(antialias_matrix(r), x.dtype()), false, true);
    return transpose(y, dim, -1);
  }
  const Taps taps = taps_of(r);
  Shape shape = Dims::filled(x.rank(), 1);
  shape[dim] = r.out;
  Tensor sum;
  for (size_t k = 0; k < taps.pixels.size(); ++k) {
    Tensor y = index_select(x, dim, Tensor::from_vector(taps.pixels[k], {r.out}));
    if (!taps.parts.empty()) y = y * cast(Tensor::from_vector(taps.parts[k], shape), x.dtype());
    sum = sum.defined() ? sum + y : y;
  }
  return sum;
}

Mode mode_of(const std::string& mode, int spatial, const Tensor& input) {
  constexpr const char* linear_modes[] = {"linear", "bilinear", "trilinear"};
  if (mode == "nearest") return Mode::nearest;
  if (mode == "nearest-exact") return Mode::nearest_exact;
  if (mode == "area") return Mode::area;
  if (mode == linear_modes[spatial - 1]) return Mode::linear;
  ensure(mode == "bicubic" && spatial == 2, "interpolate: mode must be 'nearest', 'nearest-exact', 'area'", spatial == 2 ? ", 'bicubic'" : "",
         " or '", linear_modes[spatial - 1], "' for input ", to_string(input.shape()), ", but it is '", mode, "'");
  return Mode::cubic;
}

Tensor area(const Tensor& x, const Dims& sizes) {
  if (sizes.size() == 1) return adaptive_avg_pool1d(x, sizes);
  return sizes.size() == 2 ? adaptive_avg_pool2d(x, sizes) : adaptive_avg_pool3d(x, sizes);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, interpolate,
                  (const Tensor& input, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<double> scale_factor DEFAULT(std::nullopt), std::string mode DEFAULT("nearest"),
                   std::optional<bool> align_corners DEFAULT(std::nullopt),
                   std::optional<bool> recompute_scale_factor DEFAULT(std::nullopt), bool antialias DEFAULT(false)),
                  "`input` (batch, channels, space...) at another `size`, or its size times `scale_factor`.\n"
                  "`mode` is 'nearest', 'nearest-exact', 'area', 'linear' (1-D), 'bilinear' or 'bicubic' (2-D) or 'trilinear' (3-D); "
                  "with `align_corners` the corner pixels stay in place. `recompute_scale_factor` places pixels by the sizes rather than "
                  "by `scale_factor`; `antialias` (2-D) reads as many pixels as a smaller image needs.") {
  const int spatial = input.rank() - 2;
  ensure(spatial >= 1 && spatial <= 3, "interpolate: input must be (batch, channels, space...), but it is ",
         to_string(input.shape()));
  const Mode way = mode_of(mode, spatial, input);
  const bool smooth = way == Mode::linear || way == Mode::cubic;
  ensure(size.has_value() != scale_factor.has_value(), "interpolate: give either size or scale_factor");
  ensure(smooth || !align_corners, "interpolate: align_corners has no meaning for mode '", mode, "'");
  ensure(!antialias || (smooth && spatial == 2), "interpolate: antialias needs mode 'bilinear' or 'bicubic', but mode is '", mode, "'");
  ensure(!scale_factor || *scale_factor > 0, "interpolate: scale_factor must be positive, but it is ",
         scale_factor.value_or(0));
  ensure(!size || !recompute_scale_factor.value_or(false), "interpolate: recompute_scale_factor has no meaning with size");
  if ((smooth || way == Mode::area) && !is_floating_point(input.dtype()))
    raise_type("interpolate: input must be floating point, but it is ", name_of(input.dtype()));
  const Dims given = size ? per_dim("interpolate", "size", *size, spatial, 1) : Dims();
  Dims sizes;
  for (int d = 0; d < spatial; ++d) {
    const int64_t in = input.size(d + 2);
    ensure(in >= 1, "interpolate: input ", to_string(input.shape()), " has no pixels");
    const int64_t out = size ? given[d] : static_cast<int64_t>(std::floor(static_cast<double>(in) * *scale_factor));
    ensure(out >= 1, "interpolate: scale_factor ", scale_factor.value_or(0), " leaves no pixels of input ",
           to_string(input.shape()));
    ensure(out <= most_pixels && (!antialias || in * out <= most_pixels), "interpolate: ", out, " pixels along spatial dim ", d,
           " are more than ", most_pixels);
    sizes.push_back(out);
  }
  if (way == Mode::area) return area(input, sizes);
  Tensor y = input;
  for (int d = 0; d < spatial; ++d) {
    const int64_t in = input.size(d + 2), out = sizes[d];
    const bool by_factor = scale_factor && !recompute_scale_factor.value_or(false);
    const double step = by_factor ? 1 / *scale_factor : static_cast<double>(in) / static_cast<double>(out);
    y = resized(y, d + 2, {way, align_corners.value_or(false), antialias, in, out, step});
  }
  return y;
}
DEEPSEEK_FACTS(interpolate, .in = {"functional"},
               .reference = "references.interpolate(input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)",
               .good = {"randn(2, 3, 4), size=7", "randn(2, 2, 4, 5), scale_factor=2.0",
                        "randn(1, 2, 4, 5), size=(6, 3), mode='bilinear'",
                        "randn(1, 2, 3, 3), scale_factor=2.0, mode='bilinear', align_corners=True",
                        "randn(1, 1, 3, 2, 2), size=4, mode='trilinear'", "randn(1, 2, 5), size=3, mode='nearest-exact'",
                        "randn(1, 2, 5, 4), size=(3, 6), mode='area'", "randn(1, 2, 4, 5), size=(7, 3), mode='bicubic'",
                        "randn(1, 1, 4, 3), scale_factor=1.7, mode='bicubic', align_corners=True",
                        "randn(1, 2, 5, 7), scale_factor=1.3, mode='bilinear', recompute_scale_factor=True",
                        "randn(1, 2, 9, 8), size=(4, 10), mode='bilinear', antialias=True",
                        "randn(1, 1, 9, 8), size=(3, 5), mode='bicubic', antialias=True"},
               .bad = {"randn(2, 3), size=4", "randn(2, 3, 4)", "randn(2, 3, 4), size=4, scale_factor=2.0",
                       "randn(2, 3, 4), size=4, mode='bilinear'", "randn(2, 3, 4), size=0",
                       "randn(2, 3, 4), size=4, align_corners=True", "randn(2, 3, 4), size=4, mode='bicubic'",
                       "randn(2, 3, 4, 4), size=4, antialias=True"});

DEEPSEEK_FUNCTION(Tensor, upsample,
                  (const Tensor& input, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<double> scale_factor DEFAULT(std::nullopt), std::string mode DEFAULT("nearest"),
                   std::optional<bool> align_corners DEFAULT(std::nullopt)),
                  "The older name of interpolate.") {
  return interpolate(input, size, scale_factor, mode, align_corners, std::nullopt, false);
}
DEEPSEEK_FACTS(upsample, .in = {"functional"},
               .reference = "references.interpolate(input, size, scale_factor, mode, align_corners, None, False)",
               .good = {"randn(2, 3, 4), size=7"}, .bad = {"randn(2, 3, 4), size=0"});

DEEPSEEK_FUNCTION(Tensor, upsample_nearest,
                  (const Tensor& input, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<double> scale_factor DEFAULT(std::nullopt)),
                  "interpolate with mode 'nearest'.") {
  return interpolate(input, size, scale_factor, "nearest", std::nullopt, std::nullopt, false);
}
DEEPSEEK_FACTS(upsample_nearest, .in = {"functional"},
               .reference = "references.interpolate(input, size, scale_factor, 'nearest', None, None, False)",
               .good = {"randn(2, 3, 4), size=7"}, .bad = {"randn(2, 3, 4), size=0"});

DEEPSEEK_FUNCTION(Tensor, upsample_bilinear,
                  (const Tensor& input, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<double> scale_factor DEFAULT(std::nullopt)),
                  "interpolate with mode 'bilinear' whose corner pixels stay in place.") {
  return interpolate(input, size, scale_factor, "bilinear", true, std::nullopt, false);
}
DEEPSEEK_FACTS(upsample_bilinear, .in = {"functional"},
               .reference = "references.interpolate(input, size, scale_factor, 'bilinear', True, None, False)",
               .good = {"randn(2, 3, 4, 3), size=7"}, .bad = {"randn(2, 3, 4), size=7"});

}  // namespace deepseek
