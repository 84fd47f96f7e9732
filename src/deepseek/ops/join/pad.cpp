#include <cstring>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

enum class PadMode : uint8_t { reflect, replicate, circular };

// The entry that position `at` of a line of n shows, where positions may lie before 0 and after n.
int64_t shown(PadMode mode, int64_t at, int64_t n) {
  switch (mode) {
    case PadMode::reflect:
      return at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
    case PadMode::replicate:
      return std::clamp<int64_t>(at, 0, n - 1);
    default:
      return (at % n + n) % n;
  }
}

struct PadBack : KernelOp {
  static constexpr OpInfo info{.name = "pad_backward"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0, low = 0, high = 0;
  PadMode mode = PadMode::reflect;
  static constexpr auto attrs = std::tuple{&PadBack::dim, &PadBack::low, &PadBack::high, &PadBack::mode};

  Spec infer(const Spec& in) const {
    Spec out = in;
    out.shape[static_cast<int>(dim)] -= low + high;
    return out;
  }
  void cpu(const KernelArgs& a) const {
    const LineShape padded(a.in_spec(0).shape, static_cast<int>(dim)), inner(a.out_spec().shape, static_cast<int>(dim));
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      for_bands(inner.outer, inner.inner, padded.n, 256, [&](int64_t o, int64_t first, int64_t width) {
        const T* from = a.in<T>(0) + o * padded.n * padded.inner + first;
        T* to = a.out<T>() + o * inner.n * inner.inner + first;
        for (int64_t k = 0; k < inner.n; ++k) std::copy_n(from + (low + k) * inner.inner, width, to + k * inner.inner);
        for (int64_t k = 0; k < padded.n; ++k) {
          if (k >= low && k < low + inner.n) continue;
          T* target = to + shown(mode, k - low, inner.n) * inner.inner;
          for (int64_t i = 0; i < width; ++i)
            target[i] = store<T>(wrapping_add(load(target[i]), load(from[k * inner.inner + i])));
        }
      });
    });
  }
  void gradient(Grad& g) const;
};

struct PadLines : KernelOp {
  static constexpr OpInfo info{.name = "pad_lines", .tflite = "MIRROR_PAD"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0, low = 0, high = 0;
  PadMode mode = PadMode::reflect;
  static constexpr auto attrs = std::tuple{&PadLines::dim, &PadLines::low, &PadLines::high, &PadLines::mode};

  Spec infer(const Spec& in) const {
    Spec out = in;
    out.shape[static_cast<int>(dim)] += low + high;
    return out;
  }
  void cpu(const KernelArgs& a) const {
    const LineShape inner(a.in_spec(0).shape, static_cast<int>(dim)), padded(a.out_spec().shape, static_cast<int>(dim));
    const auto bytes = static_cast<size_t>(inner.inner * size_of(a.out_spec().dtype));
    parallel_for(padded.outer * padded.n,
                 std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, static_cast<int64_t>(bytes))),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     const int64_t row = i / padded.n * inner.n + shown(mode, i % padded.n - low, inner.n);
                     std::memcpy(a.out<std::byte>() + static_cast<size_t>(i) * bytes,
                                 a.in<std::byte>(0) + static_cast<size_t>(row) * bytes, bytes);
                   }
                 });
  }
  void gradient(Grad& g) const {
    g.set(0, apply(PadBack{.dim = dim, .low = low, .high = high, .mode = mode}, g.grad()));
  }
};

void PadBack::gradient(Grad& g) const {
  g.set(0, apply(PadLines{.dim = dim, .low = low, .high = high, .mode = mode}, g.grad()));
}

Tensor pad_constant(const Tensor& input, const Dims& pad, double value) {
  const int rank = input.rank(), padded = pad.size() / 2;
  Dims low = Dims::filled(rank, 0), high = low;
  Tensor inner = input;
  for (int i = 0; i < padded; ++i) {
    const int d = rank - 1 - i;
    const int64_t before = pad[2 * i], after = pad[2 * i + 1], n = input.shape()[d];
    ensure(n + before + after >= 0 && n + std::min<int64_t>(0, before) + std::min<int64_t>(0, after) >= 0,
           "pad: ", before, " and ", after, " leave less than nothing of dim ", d, " of shape ",
           to_string(input.shape()));
    const int64_t first = std::max<int64_t>(0, -before);
    if (before < 0 || after < 0) inner = slice_of(inner, d, first, n - first - std::max<int64_t>(0, -after));
    low[d] = std::max<int64_t>(0, before);
    high[d] = std::max<int64_t>(0, after);
  }
  return pad_window(inner, low, high, Dims::filled(rank, 0), value);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, pad, (const Tensor& input, Dims pad, const std::string& mode DEFAULT("constant"), double value DEFAULT(0)),
    "`input` with elements added at both ends of the last dims.\n\n"
    "`pad` lists (before, after) of the last dim, then of the one before, and so on; at most 4 dims. mode 'constant' "
    "adds `value`, and negative numbers take elements away; 'reflect' mirrors at the outermost element, 'replicate' "
    "repeats it, 'circular' goes on at the other end.") {
  ensure(pad.size() % 2 == 0 && pad.size() / 2 <= input.rank(), "pad: pad must list pairs for at most the ",
         input.rank(), " dims of ", to_string(input.shape()), ", but is ", to_string(pad));
  if (mode == "constant") return pad_constant(input, pad, value);
  ensure(mode == "reflect" || mode == "replicate" || mode == "circular",
         "pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', but is '", mode, "'");
  const PadMode how = mode == "reflect"     ? PadMode::reflect
                      : mode == "replicate" ? PadMode::replicate
                                            : PadMode::circular;
  Tensor out = input;
  for (int i = 0; i < pad.size() / 2; ++i) {
    const int d = input.rank() - 1 - i;
    const int64_t low = pad[2 * i], high = pad[2 * i + 1], n = input.shape()[d];
    if (low == 0 && high == 0) continue;
    const int64_t most = how == PadMode::reflect ? n - 1 : how == PadMode::circular ? n : n > 0 ? INT64_MAX : 0;
    ensure(low >= 0 && high >= 0 && low <= most && high <= most, "pad: '", mode, "' cannot add ", low, " and ", high,
           " elements to dim ", d, " of shape ", to_string(input.shape()));
    out = apply(PadLines{.dim = d, .low = low, .high = high, .mode = how}, out);
  }
  return out.same(input) ? clone(input) : out;
}
DEEPSEEK_FACTS(
    pad, .in = {"functional"},
    .reference =
        "(lambda w, n: numpy.pad(input, w, 'constant', constant_values=value) if mode == 'constant' and min(pad) "
        ">= 0 else numpy.pad(input, w, {'reflect': 'reflect', 'replicate': 'edge', 'circular': "
        "'wrap'}[mode]) if mode != 'constant' else numpy.pad(input, [(max(a, 0), max(b, 0)) for a, b in w], "
        "constant_values=value)[tuple(slice(max(-a, 0), s + max(a, 0) + b if b < 0 else None) for (a, b), s in "
        "zip(w, input.shape))])([(0, 0)] * (input.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in "
        "range(len(pad) - 2, -1, -2)], 0)",
    .good = {"randn(3), (1, 2)", "randn(2, 3), (1, 0, 2, 1), value=1.5", "randn(4, 5), (-1, 2, 0, -2)",
             "ints(2, 3), (1, 1)", "randn(2, 5), (2, 4), 'reflect'", "randn(4, 5), (2, 1, 3, 0), 'reflect'",
             "randn(2, 3), (4, 1), 'replicate'", "randn(2, 3, 4), (1, 2, 3, 0), 'circular'", "randn(2, 0), (1, 1)"},
    .bad = {"randn(3), (1,)", "randn(3), (1, 1, 1, 1)", "randn(3), (-2, -2)", "randn(3), (3, 0), 'reflect'",
            "randn(3), (4, 0), 'circular'", "randn(3), (1, 1), 'mirror'", "randn(3), (-1, 0), 'replicate'",
            "randn(0), (1, 0), 'replicate'"});

}  // namespace deepseek
