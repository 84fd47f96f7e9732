#include "deepseek/backends/cpu/gemm/panel_micro.h"

#include <utility>

#include "deepseek/backends/cpu/fused/lane.h"

namespace deepseek::gemm {
namespace {

template <int Bytes, int Rows, int Vectors>
inline __attribute__((always_inline)) void multiply(int64_t depth, const float* a, int64_t a_row, const float* b, float* c, int64_t c_row,
                                                    bool add, const PanelEnding* ending) {
  using Vector [[gnu::vector_size(Bytes), gnu::aligned(4), gnu::may_alias]] = float;
  constexpr int lanes = Bytes / 4;
  const auto at = [](const float* p, int j) -> const Vector& { return *reinterpret_cast<const Vector*>(p + j * lanes); };
  Vector sum[Rows][Vectors];
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) sum[i][j] = add ? at(c + i * c_row, j) : Vector{};
  }
  for (int64_t p = 0; p < depth; ++p, b += 2 * lanes) {
    Vector line[Vectors];
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) line[j] = at(b, j);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < Vectors; ++j) sum[i][j] += a[i * a_row + p] * line[j];
    }
  }
  if (ending) {
    const PanelEnding& e = *ending;
    const Vector zero{}, six = zero + 6.f;
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) {
      const Vector bias = e.bias ? at(e.bias, j) : zero, slope = e.slope ? at(e.slope, j) : zero, shift = e.slope ? at(e.shift, j) : zero;
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
        Vector v = sum[i][j];
        if (e.bias) v += bias;
        if (e.slope) v = v * slope + shift;
        if (e.other) v += at(e.other + i * c_row, j);
        if (e.relu || e.relu6) v = v < zero ? zero : v;
        if (e.relu6) v = v > six ? six : v;
        sum[i][j] = v;
      }
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) *reinterpret_cast<Vector*>(c + i * c_row + j * lanes) = sum[i][j];
  }
}

#define DEEPSEEK_PANELS(Name, target, bytes, rows)                                                                              \
  struct Name {                                                                                                                 \
    template <int Rows, int Vectors>                                                                                            \
    target static void run(int64_t depth, const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, bool add,     \
                           const PanelEnding* ending) {                                                                         \
      multiply<bytes, Rows, Vectors>(depth, a, a_row, b, c, c_row, add, ending);                                                \
    }                                                                                                                           \
    template <int... R>                                                                                                         \
    static constexpr PanelTable table(std::integer_sequence<int, R...>) {                                                       \
      return {bytes / 4, rows, {{run<R + 1, 1>...}, {run<R + 1, 2>...}}};                                                       \
    }                                                                                                                           \
    static const PanelTable& all() {                                                                                            \
      static constexpr PanelTable made = table(std::make_integer_sequence<int, rows>());                                        \
      return made;                                                                                                              \
    }                                                                                                                           \
  };
DEEPSEEK_PANELS(Baseline, , 16, 4)
DEEPSEEK_PANELS(Avx2, DEEPSEEK_TARGET_AVX2, 32, 6)
DEEPSEEK_PANELS(Avx512, DEEPSEEK_TARGET_AVX512, 64, 12)
#undef DEEPSEEK_PANELS

}  // namespace

const PanelTable& panel_table() {
  switch (fused::current_isa()) {
    case fused::Isa::avx512: return Avx512::all();
    case fused::Isa::avx2: return Avx2::all();
    default: return Baseline::all();
  }
}

}  // namespace deepseek::gemm
