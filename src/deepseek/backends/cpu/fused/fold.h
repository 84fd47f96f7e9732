// Reductions of blocks. The running result of one reduction is a state of 8 bytes per kept point: a double for floats (so that a
// float32 sum over many blocks stays accurate), an int64 for integers and bool. Orders are fixed: no result depends on threads.
#pragma once
#include "deepseek/backends/cpu/fused/program.h"

namespace deepseek::fused {

struct Fold {
  void (*start)(void* state, int64_t n);  // to the identity
  // state[r] takes in x[r * length .. (r + 1) * length)
  void (*rows[isa_count])(void* state, const void* x, int64_t rows, int64_t length);
  // acc[i] takes in x[i], in the register type; a float32 sum must be flushed before many have been added.
  void (*start_columns)(void* acc, int64_t n);
  void (*columns[isa_count])(void* acc, const void* x, int64_t n);
  // state[i] takes in acc[i + j * n] for all j < repeats
  void (*flush)(void* state, const void* acc, int64_t n, int64_t repeats);
  void (*merge)(void* state, const void* other, int64_t n);
  void (*finish)(void* out, const void* state, int64_t n);  // to the register type
};

inline constexpr int64_t state_bytes = 8;
inline constexpr int64_t flush_period = 64;

const Fold& fold_of(ReduceKind, DType register_type);

}  // namespace deepseek::fused
