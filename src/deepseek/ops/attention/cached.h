// Attention of new rows to rows that are kept, whose number is not part of the plan.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek {

// `cache` (batch, heads, capacity, e) with `rows` (batch, heads, t, e) from row `past` (a whole number) on. Nothing is
// copied when nobody else sees the old cache.
Tensor cache_rows(const Tensor& cache, const Tensor& rows, const Tensor& past);

// Query (batch, heads, t, e), whose rows have the places past, past + 1, ..., to the rows of the caches up to its own:
// (batch, heads, t, e). The gradient is not defined.
Tensor cached_attention(const Tensor& query, const Tensor& keys, const Tensor& values, const Tensor& past);

}  // namespace deepseek
