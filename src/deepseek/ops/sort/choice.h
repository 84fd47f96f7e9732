// What ops share that choose one element of each line along a dim: results are (values, int64 places).
#pragma once
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/lines.h"

namespace deepseek {

// Raises where lines have no elements. A 0-d input is one line.
void choice_specs(std::string_view op, Specs in, int64_t dim, bool keepdim, std::vector<Spec>& out);

// choose(line, n, step) gives the place in a line of n elements that lie `step` apart.
template <class F>
void choose_in_lines(const KernelArgs& a, int64_t dim, F&& choose) {
  const LineShape l(a.in_spec(0).shape, static_cast<int>(dim));
  visit_dtype(a.in_spec(0).dtype, [&](auto type) {
    using T = decltype(type);
    for_lines(l, 1, [&](int64_t offset, int64_t) {
      const int64_t line = offset / (l.n * l.inner) * l.inner + offset % l.inner;
      const int64_t at = choose(a.in<T>(0) + offset, l.n, l.inner);
      a.out<T>(0)[line] = a.in<T>(0)[offset + at * l.inner];
      a.out<int64_t>(1)[line] = at;
    });
  });
}

// Sets the gradient of the values of an op whose second output holds the places.
void choice_gradient(Grad& g, int64_t dim, bool keepdim);

}  // namespace deepseek
