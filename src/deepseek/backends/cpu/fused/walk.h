// Where the points of a flat domain lie in memory, and moving runs of them.
#pragma once
#include <array>
#include <cstdint>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/tensor/shape.h"

namespace deepseek::fused {

inline constexpr int walk_rank = max_rank;

// The address pattern of one access over a domain whose points are numbered row-major. Dims are merged where the strides allow,
// so most accesses end as one dim.
struct Walk {
  int rank = 0;
  std::array<int64_t, walk_rank> size{}, stride{};  // innermost first; in elements
  int64_t offset = 0;

  Walk() = default;
  Walk(const Dims& sizes, const Strides& strides, int64_t offset);  // outermost first; sizes of 1 are dropped

  bool contiguous() const { return rank == 0 || (rank == 1 && stride[0] == 1); }
};

// The elements (of `bytes` bytes) at positions [position, position + n): a pointer into memory where they lie side by side,
// otherwise they are gathered into `block`.
const void* fetch(const Walk&, int64_t bytes, const void* base, int64_t position, int64_t n, void* block);
void gather(const Walk&, int64_t bytes, const void* base, int64_t position, int64_t n, void* block);
// `stream`: past the caches where whole runs are contiguous.
void scatter(const Walk&, int64_t bytes, void* base, int64_t position, int64_t n, const void* block, bool stream);
// The index numbers themselves.
void number(const Walk&, int64_t position, int64_t n, int64_t* block);

void fill(void* block, const void* value, int64_t bytes, int64_t n);
// out[r * length + j] = in[r]
void repeat_each(void* out, const void* in, int64_t bytes, int64_t rows, int64_t length);
// out[j * n + i] = in[i]
void repeat_all(void* out, const void* in, int64_t bytes, int64_t n, int64_t times);

}  // namespace deepseek::fused
