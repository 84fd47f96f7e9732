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

// Calls body(offset of the first element, width): `width` neighbouring lines whose elements lie l.inner apart, at most
// `widest` of them. In parallel, cut by size only; lines of different calls are disjoint.
template <class F>
void for_lines(const LineShape& l, int64_t widest, F&& body) {
  if (l.outer == 0 || l.inner == 0) return;
  const int64_t width = std::min(l.inner, widest), bands = (l.inner + width - 1) / width;
  const int64_t cost = std::max<int64_t>(1, l.n * width);
  parallel_for(l.outer * bands, std::max<int64_t>(1, (1 << 14) / cost), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i % bands * width;
      body(i / bands * l.n * l.inner + at, std::min(width, l.inner - at));
    }
  });
}

}  // namespace deepseek
