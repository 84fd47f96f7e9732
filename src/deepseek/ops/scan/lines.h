// Kernels that walk the lines of a row-major tensor along one dim.
#pragma once
#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/shape.h"

namespace deepseek {

// A shape seen as (outer, n, inner) around one dim. A 0-d shape is one line of one element.
struct LineShape {
  int64_t outer = 1, n = 1, inner = 1;
  LineShape(const Shape& shape, int dim) {
    for (int d = 0; d < shape.size(); ++d) (d < dim ? outer : d == dim ? n : inner) *= shape[d];
  }
};

// Calls body(o, first, width) for bands of at most `widest` of the `inner` places beside each other, for each o <
// outer. In parallel, cut by size only; `length` is the work at one place.
template <class F>
void for_bands(int64_t outer, int64_t inner, int64_t length, int64_t widest, F&& body) {
  if (outer == 0 || inner == 0) return;
  const int64_t width = std::min(inner, widest), bands = (inner + width - 1) / width;
  const int64_t cost = std::max<int64_t>(1, length * width);
  parallel_for(outer * bands, std::max<int64_t>(1, (1 << 14) / cost), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % bands * width;
      body(i / bands, first, std::min(width, inner - first));
    }
  });
}

// Calls body(offset of the first element, width) for `width` neighbouring lines whose elements lie l.inner apart.
template <class F>
void for_lines(const LineShape& l, int64_t widest, F&& body) {
  for_bands(l.outer, l.inner, l.n, widest,
            [&](int64_t o, int64_t first, int64_t width) { body(o * l.n * l.inner + first, width); });
}

}  // namespace deepseek
