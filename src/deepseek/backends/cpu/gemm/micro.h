// The inner product of packed panels in registers: the part of a matrix product that depends on the instruction set.
#pragma once
#include <cstdint>
#include <type_traits>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/gemm/pack.h"

namespace deepseek::gemm {

// A panel holds `width` lines, interleaved: element p of line i at [p * width + i]; missing lines are zero.
template <class T>
struct Micro {
  int rows, cols;  // panel widths of the two factors
  // c (rows x cols, unit stride along cols) = or += a panel of rows times a panel of cols.
  void (*multiply)(int64_t depth, const T* a, const T* b, T* c, int64_t ldc, bool add);
  // Packs lines with the given strides (elements) into panels.
  using Pack = void (*)(const T* from, int64_t line_step, int64_t depth_step, int64_t lines, int64_t depth, T* to);
  Pack pack_rows, pack_cols;
};

// For float, double, uint32_t, uint64_t (unsigned: products of integers wrap).
template <class T>
const Micro<T>& micro();

// Panels from any line_step/depth_step, converting elements.
template <int W, class S, class T>
inline __attribute__((always_inline)) void pack_panels(const S* from, int64_t line_step, int64_t depth_step, int64_t lines,
                                                       int64_t depth, T* to) {
  if constexpr (std::is_same_v<S, float> && std::is_same_v<T, float>) {
    const int64_t whole = lines / W;
    if (line_step == 1 || depth_step == 1) {
      if (line_step == 1) pack_across<W>(from, depth_step, whole, depth, to);
      else for (int64_t i = 0; i < whole; ++i) pack_along<W>(from + i * W * line_step, line_step, depth, to + i * W * depth);
      from += whole * W * line_step, to += whole * W * depth, lines -= whole * W;
    }
  }
  for (int64_t first = 0; first < lines; first += W, to += W * depth, from += W * line_step) {
    if (lines - first < W) {
      const int64_t n = lines - first;
      for (int64_t p = 0; p < depth; ++p) {
        for (int64_t i = 0; i < W; ++i) to[p * W + i] = i < n ? static_cast<T>(from[i * line_step + p * depth_step]) : T{};
      }
    } else if (line_step == 1) {
      for (int64_t p = 0; p < depth; ++p) {
        for (int i = 0; i < W; ++i) to[p * W + i] = static_cast<T>(from[p * depth_step + i]);
      }
    } else {
      for (int64_t p = 0; p < depth; ++p) {
        for (int i = 0; i < W; ++i) to[p * W + i] = static_cast<T>(from[i * line_step + p * depth_step]);
      }
    }
  }
}

}  // namespace deepseek::gemm
