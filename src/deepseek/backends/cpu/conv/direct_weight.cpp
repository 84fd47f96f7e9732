// Weight gradients straight from channels-last operands: for each tap a product of pixels by input channels with pixels
// by output channels, in which no patch is gathered. The pixels are cut into parts by size and partial gradients are
// added in order.
#include "deepseek/backends/cpu/conv/direct_weight.h"

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::conv {
namespace {

// Pixels that one call of the inner kernel adds up: some lines of some pixels, with steps in elements.
struct Run {
  int64_t lines, pixels, x_line, x_pixel, y_line, y_pixel;
};
using Product = void (*)(const Run&, const float* x, const float* y, float* w, int64_t w_step);

// w (Rows input channels x Vectors of output channels) += what the pixels of a run give. A run is summed from zero, so
// that long sums keep their digits.
template <int Bytes, int Rows, int Vectors>
inline __attribute__((always_inline)) void product(const Run& r, const float* x, const float* y, float* w,
                                                   int64_t w_step) {
  using Vector [[gnu::vector_size(Bytes), gnu::aligned(4), gnu::may_alias]] = float;
  constexpr int lanes = Bytes / 4;
  Vector sum[Rows][Vectors];
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) sum[i][j] = Vector{};
  }
  for (int64_t line = 0; line < r.lines; ++line) {
    const float *a = x + line * r.x_line, *b = y + line * r.y_line;
    for (int64_t p = 0; p < r.pixels; ++p, a += r.x_pixel, b += r.y_pixel) {
      Vector v[Vectors];
#pragma GCC unroll 2
      for (int j = 0; j < Vectors; ++j) v[j] = *reinterpret_cast<const Vector*>(b + j * lanes);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < Vectors; ++j) sum[i][j] += a[i] * v[j];
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) *reinterpret_cast<Vector*>(w + i * w_step + j * lanes) += sum[i][j];
  }
}

constexpr int most_rows = 6;
struct Products {
  int lanes;
  Product of[2][most_rows];  // by vectors and rows
};

#define DEEPSEEK_CONV_PRODUCTS(Name, target, bytes)                                                      \
  struct Name {                                                                                          \
    template <int Rows, int Vectors>                                                                     \
    target static void run(const Run& r, const float* x, const float* y, float* w, int64_t w_step) {     \
      product<bytes, Rows, Vectors>(r, x, y, w, w_step);                                                 \
    }                                                                                                    \
    static constexpr Products all{bytes / 4,                                                             \
                                  {{run<1, 1>, run<2, 1>, run<3, 1>, run<4, 1>, run<5, 1>, run<6, 1>},   \
                                   {run<1, 2>, run<2, 2>, run<3, 2>, run<4, 2>, run<5, 2>, run<6, 2>}}}; \
  };
DEEPSEEK_CONV_PRODUCTS(Baseline, , 16)
DEEPSEEK_CONV_PRODUCTS(Avx2, DEEPSEEK_TARGET_AVX2, 32)
DEEPSEEK_CONV_PRODUCTS(Avx512, DEEPSEEK_TARGET_AVX512, 64)
#undef DEEPSEEK_CONV_PRODUCTS

const Products& products() {
  static constexpr const Products* table[] = {&Baseline::all, &Avx2::all, &Avx512::all};
  return *table[static_cast<int>(fused::current_isa())];
}

// Outputs [first, last) along a dim for which a tap lies inside the image.
struct Inside {
  int64_t first, last;
  Inside(const ConvShape& s, size_t d, int64_t tap, int64_t from, int64_t to) {
    const int64_t shift = tap * s.dilation[d] - s.pad[d];  // input = output * stride + shift
    first = std::max(from, shift >= 0 ? 0 : (-shift + s.stride[d] - 1) / s.stride[d]);
    last = std::min(to, s.in[d] - shift <= 0 ? 0 : (s.in[d] - shift - 1) / s.stride[d] + 1);
  }
};

// Pixels of a call: enough to hide its beginning and end, few enough to stay in the private cache for all taps and
// channels.
constexpr int64_t pixels_wanted = 128;

struct DirectWeight {
  ConvShape shape;
  int64_t lines;          // of a block
  int64_t parts, slices;  // of the blocks, of the output channels
  const Products* table;

  int64_t channels() const { return shape.out_channels / slices; }
  int64_t blocks_per_plane() const { return (shape.out[1] + lines - 1) / lines; }
  int64_t blocks() const { return shape.batch * shape.out[0] * blocks_per_plane(); }
  int64_t partial() const {
    return shape.taps() * shape.in_channels * channels();
  }  // (tap, input channel, output channel)

  void operator()(const KernelRun& run) const {
    const auto *x = static_cast<const float*>(run.inputs[0]), *y = static_cast<const float*>(run.inputs[1]);
    auto* partials = static_cast<float*>(run.workspace);
    parallel_for(parts * slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        float* w = partials + task * partial();
        std::fill_n(w, partial(), 0.f);
        const int64_t slice = task / parts, part = task % parts;
        for (int64_t b = part * blocks() / parts; b < (part + 1) * blocks() / parts; ++b)
          add_block(b, x, y + slice * channels(), w);
      }
    });
    collect(partials, static_cast<float*>(run.outputs[0]));
  }

  void add_block(int64_t block, const float* x, const float* y, float* w) const {
    const ConvShape& s = shape;
    const int64_t row = block % blocks_per_plane() * lines, plane = block / blocks_per_plane();
    const int64_t depth = plane % s.out[0], image = plane / s.out[0];
    Run run{.x_line = s.stride[1] * s.in[2] * s.in_channels,
            .x_pixel = s.stride[2] * s.in_channels,
            .y_line = s.out[2] * s.out_channels,
            .y_pixel = s.out_channels};
    for (int64_t kz = 0; kz < s.kernel[0]; ++kz) {
      const int64_t z = depth * s.stride[0] + kz * s.dilation[0] - s.pad[0];
      if (z < 0 || z >= s.in[0]) continue;
      for (int64_t ky = 0; ky < s.kernel[1]; ++ky) {
        const Inside rows(s, 1, ky, row, std::min(row + lines, s.out[1]));
        run.lines = rows.last - rows.first;
        if (run.lines <= 0) continue;
        for (int64_t kx = 0; kx < s.kernel[2]; ++kx) {
          const Inside columns(s, 2, kx, 0, s.out[2]);
          run.pixels = columns.last - columns.first;
          if (run.pixels <= 0) continue;
          const int64_t in_y = rows.first * s.stride[1] + ky * s.dilation[1] - s.pad[1];
          const int64_t in_x = columns.first * s.stride[2] + kx * s.dilation[2] - s.pad[2];
          const int64_t from = ((image * s.in[0] + z) * s.in[1] + in_y) * s.in[2] + in_x;
          const int64_t to = (plane * s.out[1] + rows.first) * s.out[2] + columns.first;
          const int64_t tap = (kz * s.kernel[1] + ky) * s.kernel[2] + kx;
          add_tap(run, x + from * s.in_channels, y + to * s.out_channels, w + tap * s.in_channels * channels());
        }
      }
    }
  }

  void add_tap(const Run& run, const float* x, const float* y, float* w) const {
    const int64_t groups = (shape.in_channels + most_rows - 1) / most_rows;
    for (int64_t o = 0; o < channels();) {
      const int vectors = channels() - o >= 2 * table->lanes ? 2 : 1;
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t i = g * shape.in_channels / groups, rows = (g + 1) * shape.in_channels / groups - i;
        table->of[vectors - 1][rows - 1](run, x + i, y + o, w + i * channels() + o, channels());
      }
      o += vectors * table->lanes;
    }
  }

  // Adds the parts and turns (tap, input channel, output channel) into the layout of a weight.
  void collect(const float* partials, float* to) const {
    constexpr int64_t width = 16, depth = 64;
    const int64_t inner = shape.in_channels * shape.taps(), groups = (channels() + width - 1) / width;
    parallel_for(slices * groups, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t slice = task / groups, o = task % groups * width, count = std::min(width, channels() - o);
        const float* from = partials + slice * parts * partial() + o;
        float tile[width][depth];
        for (int64_t first = 0; first < inner; first += depth) {
          const int64_t n = std::min(depth, inner - first);
          for (int64_t k = 0; k < n; ++k) {
            const int64_t c = (first + k) / shape.taps(), tap = (first + k) % shape.taps();
            const float* line = from + (tap * shape.in_channels + c) * channels();
            float sum[width];
            std::copy_n(line, count, sum);
            for (int64_t p = 1; p < parts; ++p) {
              line += partial();
              for (int64_t j = 0; j < count; ++j) sum[j] += line[j];
            }
            for (int64_t j = 0; j < count; ++j) tile[j][k] = sum[j];
          }
          for (int64_t j = 0; j < count; ++j)
            std::copy_n(tile[j], n, to + (slice * channels() + o + j) * inner + first);
        }
      }
    });
  }
};

// Images whose pixels a kernel of one tap sees one for one are one long line, cut where it suits.
ConvShape flattened(const ConvShape& s) {
  const Triple ones{1, 1, 1}, zeros{0, 0, 0};
  if (s.kernel != ones || s.stride != ones || s.pad != zeros || s.in != s.out) return s;
  ConvShape flat = s;
  const int64_t pixels = s.batch * s.out_pixels(), line = library::divisor_to(pixels, pixels_wanted);
  if (line < pixels_wanted / 4) return s;
  flat.batch = 1, flat.in = flat.out = {1, pixels / line, line};
  return flat;
}

}  // namespace

KernelFn make_direct_weight(const ConvShape& s, KernelContext& context) {
  constexpr int64_t fewest_inputs = 4;  // below, most of the registers would be idle
  const int lanes = products().lanes;
  if (s.groups != 1 || s.in_channels < fewest_inputs || s.out_channels % lanes != 0) return {};
  // One tap is a plain product, for which the library packs; it needs images to hand out to threads.
  if (s.taps() == 1 && s.batch >= parts_wanted / 2) return {};
  DirectWeight f{.shape = flattened(s), .table = &products()};
  f.lines = std::clamp<int64_t>(pixels_wanted / f.shape.out[2], 1, f.shape.out[1]);
  f.parts = std::clamp<int64_t>(most_weight_parts(s), 1, f.blocks());
  f.slices = library::divisor_to(std::max<int64_t>(s.out_channels / (2 * lanes), 1), (weight_tasks(s) + f.parts - 1) / f.parts);
  if (s.out_channels % f.slices != 0 || s.out_channels / f.slices % lanes != 0) f.slices = 1;
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], channels_last_strides(context.inputs[1].spec.shape));
  context.workspace = f.parts * f.slices * f.partial() * static_cast<int64_t>(sizeof(float));
  return f;
}

}  // namespace deepseek::conv
