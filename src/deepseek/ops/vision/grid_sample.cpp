// Images read at any places between their pixels.
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

constexpr std::string_view op = "grid_sample";

enum class Pad { zeros, border, reflection };

// The places along one dim of the image; all tensors are (batch, places).
struct Axis {
  int64_t size;
  bool align_corners;
  Pad pad;

  Tensor pixels(const Tensor& grid) const {
    const auto n = static_cast<double>(size);
    return align_corners ? (grid + 1.0) * ((n - 1) / 2) : ((grid + 1.0) * n - 1.0) * 0.5;
  }
  // Outside the border and on it there is no gradient, as in torch.
  Tensor clipped(const Tensor& x) const {
    const double last = static_cast<double>(size - 1);
    return where(x > 0.0, where(x < last, x, filled_like(x, last)), filled_like(x, 0));
  }
  Tensor reflected(const Tensor& x) const {
    const double low = align_corners ? 0 : -0.5, span = static_cast<double>(align_corners ? size - 1 : size);
    if (span == 0) return filled_like(x, 0);
    const Tensor away = abs(x - low), turns = floor(away / span), rest = away - turns * span;
    const Tensor odd = turns - floor(turns * 0.5) * 2.0;
    return where(odd == 0.0, rest + low, span - rest + low);
  }
  Tensor padded(const Tensor& x) const {
    if (pad == Pad::zeros) return x;
    return clipped(pad == Pad::reflection ? reflected(x) : x);
  }
  // Which of the whole places lie in the image.
  Tensor inside(const Tensor& whole) const { return (whole >= 0.0) & (whole <= static_cast<double>(size - 1)); }
  Tensor index(const Tensor& whole) const {
    return cast(where(inside(whole), whole, filled_like(whole, 0)), DType::int64);
  }
};

struct Tap {
  Tensor index, part;  // part: none stands for 1
};

Tensor cubic_part(const Tensor& x) {  // of a distance in [0, 1) and [1, 2)
  constexpr double a = -0.75;
  return where(x <= 1.0, ((x * (a + 2)) - (a + 3)) * x * x + 1.0, ((x - 5.0) * x + 8.0) * x * a - 4 * a);
}

std::vector<Tap> taps_of(const Axis& axis, const Tensor& grid, const std::string& mode) {
  const auto tap = [&](const Tensor& whole, const Tensor& part) {
    const Tensor fixed = whole.detach();
    if (axis.pad != Pad::zeros) return Tap{axis.index(fixed), part};
    const Tensor seen = cast(axis.inside(fixed), grid.dtype());
    return Tap{axis.index(fixed), part.defined() ? part * seen : seen};
  };
  std::vector<Tap> taps;
  if (mode == "bicubic") {  // borders are those of each pixel that is read
    const Tensor x = axis.pixels(grid), first = floor(x).detach();
    for (int k = -1; k <= 2; ++k) {
      const Tensor pixel = first + static_cast<double>(k);
      taps.push_back(tap(axis.padded(pixel), cubic_part(abs(x - pixel))));
    }
    return taps;
  }
  const Tensor x = axis.padded(axis.pixels(grid));
  if (mode == "nearest") return {tap(round(x), Tensor())};
  const Tensor first = floor(x).detach(), part = x - first;
  taps.push_back(tap(first, 1.0 - part));
  Tensor second = first + 1.0;
  if (axis.pad != Pad::zeros) second = minimum(second, filled_like(second, static_cast<double>(axis.size - 1)));
  taps.push_back(tap(second, part));
  return taps;
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, grid_sample,
    (const Tensor& input, const Tensor& grid, std::string mode DEFAULT("bilinear"),
     std::string padding_mode DEFAULT("zeros"), std::optional<bool> align_corners DEFAULT(std::nullopt)),
    "`input` (batch, channels, h, w) at the places `grid` (batch, h', w', 2), or (batch, channels, d, h, w) at (batch, "
    "d', "
    "h', w', 3): x first, from -1 to 1 over the image, whose corners are pixels' centres with `align_corners`.\n"
    "`mode` is 'bilinear', 'nearest' or, for 2-D, 'bicubic'; outside there are 'zeros', the 'border' or its "
    "'reflection'.") {
  const int spatial = input.rank() - 2;
  ensure(spatial == 2 || spatial == 3, op,
         ": input must be (batch, channels, h, w) or (batch, channels, d, h, w), but is ", to_string(input.shape()));
  ensure(grid.rank() == input.rank() && grid.size(0) == input.size(0) && grid.size(-1) == spatial, op,
         ": grid must be (", input.size(0), spatial == 2 ? ", h, w, 2)" : ", d, h, w, 3)", " for input ",
         to_string(input.shape()), ", but is ", to_string(grid.shape()));
  ensure(mode == "bilinear" || mode == "nearest" || (mode == "bicubic" && spatial == 2), op,
         ": mode must be 'bilinear', 'nearest' or (for 2-D) 'bicubic', but is '", mode, "'");
  ensure(padding_mode == "zeros" || padding_mode == "border" || padding_mode == "reflection", op,
         ": padding_mode must be 'zeros', 'border' or 'reflection', but is '", padding_mode, "'");
  if (!is_floating_point(input.dtype()) || grid.dtype() != input.dtype())
    raise_type(op, ": input and grid must be of one floating type, but are ", name_of(input.dtype()), " and ",
               name_of(grid.dtype()));
  const int64_t batch = input.size(0), channels = input.size(1);
  int64_t pixels = 1, places = 1;
  for (int d = 0; d < spatial; ++d) {
    ensure(input.size(d + 2) > 0, op, ": input ", to_string(input.shape()), " has no pixels");
    pixels *= input.size(d + 2), places *= grid.size(d + 1);
  }
  const Pad pad = padding_mode == "zeros" ? Pad::zeros : padding_mode == "border" ? Pad::border : Pad::reflection;
  std::vector<Tap> all{{Tensor(), Tensor()}};
  for (int d = 0; d < spatial; ++d) {  // x is the last dim of the image and the first number of the grid
    const Axis axis{input.size(d + 2), align_corners.value_or(false), pad};
    const Tensor coordinate = reshape(select_of(grid, grid.rank() - 1, spatial - 1 - d), {batch, places});
    std::vector<Tap> next;
    for (const Tap& before : all) {
      for (const Tap& one : taps_of(axis, coordinate, mode)) {
        next.push_back({before.index.defined() ? before.index * axis.size + one.index : one.index,
                        !before.part.defined() ? one.part
                        : !one.part.defined()  ? before.part
                                               : before.part * one.part});
      }
    }
    all = std::move(next);
  }
  const Tensor flat = reshape(input, {batch, channels, pixels});
  Tensor sum;
  for (const Tap& tap : all) {
    Tensor y = gather(flat, 2, expand(reshape(tap.index, {batch, 1, places}), {batch, channels, places}));
    if (tap.part.defined()) y = y * reshape(tap.part, {batch, 1, places});
    sum = sum.defined() ? sum + y : y;
  }
  Shape out{batch, channels};
  for (int d = 0; d < spatial; ++d) out.push_back(grid.size(d + 1));
  return reshape(sum, out);
}
DEEPSEEK_FACTS(grid_sample, .in = {"functional"},
               .reference = "references.grid_sample(input, grid, mode, padding_mode, align_corners)",
               .good = {"randn(2, 3, 4, 5), randn(2, 3, 2, 2)",
                        "randn(1, 2, 4, 5), randn(1, 3, 2, 2), 'bilinear', 'border', True",
                        "randn(1, 2, 4, 5), randn(1, 3, 4, 2) * 2, 'bilinear', 'reflection', False",
                        "randn(1, 2, 4, 5), randn(1, 3, 2, 2), 'nearest', 'zeros', True",
                        "randn(1, 1, 5, 4), randn(1, 3, 2, 2), 'bicubic', 'zeros', False",
                        "randn(1, 1, 5, 4), randn(1, 3, 2, 2), 'bicubic', 'border', True",
                        "randn(1, 1, 5, 4), randn(1, 3, 2, 2) * 2, 'bicubic', 'reflection', False",
                        "randn(1, 2, 3, 4, 5), randn(1, 2, 2, 2, 3)",
                        "randn(1, 2, 3, 4, 5), randn(1, 2, 2, 2, 3), 'nearest', 'border'"},
               .bad = {"randn(2, 3, 4), randn(2, 3, 2)", "randn(2, 3, 4, 5), randn(1, 3, 2, 2)",
                       "randn(2, 3, 4, 5), randn(2, 3, 2, 3)", "randn(1, 2, 3, 4, 5), randn(1, 2, 2, 2, 3), 'bicubic'",
                       "randn(2, 3, 4, 5), randn(2, 3, 2, 2), 'bilinear', 'wrap'"});

DEEPSEEK_FUNCTION(Tensor, affine_grid,
                  (const Tensor& theta, Dims size, std::optional<bool> align_corners DEFAULT(std::nullopt)),
                  "The places that grid_sample reads for an affine map: `theta` (batch, 2, 3) for a `size` of (batch, "
                  "channels, h, w), or "
                  "(batch, 3, 4) for (batch, channels, d, h, w).") {
  const int spatial = size.size() - 2;
  ensure(spatial == 2 || spatial == 3, "affine_grid: size must have 4 or 5 numbers, but is ", to_string(size));
  ensure(theta.shape() == (Shape{size[0], spatial, spatial + 1}), "affine_grid: theta must be ",
         to_string(Shape{size[0], spatial, spatial + 1}), " for size ", to_string(size), ", but is ",
         to_string(theta.shape()));
  if (!is_floating_point(theta.dtype()))
    raise_type("affine_grid: theta must be floating point, but is ", name_of(theta.dtype()));
  Shape full{1};
  for (int d = 0; d < spatial; ++d) {
    ensure(size[d + 2] > 0, "affine_grid: size must be positive, but is ", to_string(size));
    full.push_back(size[d + 2]);
  }
  TensorList columns;
  for (int d = spatial - 1; d >= 0; --d) {
    const int64_t n = size[d + 2];
    Strides steps = Dims::filled(spatial + 1, 0);
    steps[d + 1] = 1;
    const Tensor at = cast(iota(full, steps), theta.dtype());
    const auto pixels = static_cast<double>(n);
    columns.push_back(align_corners.value_or(false) ? (n == 1 ? filled_like(at, 0) : at * (2 / (pixels - 1)) - 1.0)
                                                    : (at * 2.0 + (1 - pixels)) * (1 / pixels));
  }
  columns.push_back(filled(full, Tensor(scalar_value(1.0, theta.dtype()))));
  const int64_t places = full.numel();
  const Tensor base = reshape(stack(columns, -1), {1, places, spatial + 1});
  Shape out{size[0]};
  for (int d = 0; d < spatial; ++d) out.push_back(size[d + 2]);
  out.push_back(spatial);
  return reshape(product(base, theta, false, true), out);
}
DEEPSEEK_FACTS(affine_grid, .in = {"functional"}, .reference = "references.affine_grid(theta, size, align_corners)",
               .good = {"randn(2, 2, 3), (2, 3, 4, 5)", "randn(1, 2, 3), (1, 1, 1, 3), True",
                        "randn(2, 3, 4), (2, 1, 2, 3, 4), False"},
               .bad = {"randn(2, 2, 3), (3, 3, 4, 5)", "randn(2, 2, 2), (2, 3, 4, 5)", "randn(2, 2, 3), (2, 3, 4)"});

}  // namespace deepseek
