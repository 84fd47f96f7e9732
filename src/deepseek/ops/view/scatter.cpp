// slice_scatter, select_scatter, diagonal_scatter: a copy with a part of it replaced.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Tensor replaced(const Tensor& whole, Tensor part, const Tensor& src, std::string_view op) {
  ensure(src.shape() == part.shape(), op, ": src must have the shape of the part that it replaces, ", to_string(part.shape()),
         ", but is ", to_string(src.shape()));
  part.assign(to(src, whole.dtype()));
  return whole;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, slice_scatter,
                  (const Tensor& input, const Tensor& src, int64_t dim DEFAULT(0), std::optional<int64_t> start DEFAULT(std::nullopt),
                   std::optional<int64_t> end DEFAULT(std::nullopt), int64_t step DEFAULT(1)),
                  "A copy of `input` whose part input[start:end:step] along `dim` is `src`.") {
  const Tensor whole = clone(input);
  return replaced(whole, slice(whole, dim, start, end, step), src, "slice_scatter");
}
DEEPSEEK_FACTS(slice_scatter, .in = {"method"},
               .reference = "(lambda y: (numpy.moveaxis(y, dim, 0).__setitem__(slice(start, end, step), numpy.moveaxis(src, dim, 0)), y)[1])(input.copy())",
               .good = {"randn(5, 2), randn(2, 2), 0, 1, 3", "randn(2, 7), randn(2, 3), 1, 0, 6, 2", "randn(3), randn(3)"},
               .bad = {"randn(5), randn(3), 0, 0, 2", "randn(5), randn(5), 1"});

DEEPSEEK_FUNCTION(Tensor, select_scatter, (const Tensor& input, const Tensor& src, int64_t dim, int64_t index),
                  "A copy of `input` whose entry `index` along `dim` is `src`.") {
  const Tensor whole = clone(input);
  return replaced(whole, select(whole, dim, index), src, "select_scatter");
}
DEEPSEEK_FACTS(select_scatter, .in = {"method"},
               .reference = "(lambda y: (numpy.moveaxis(y, dim, 0).__setitem__(index, src), y)[1])(input.copy())",
               .good = {"randn(5, 2), randn(2), 0, 3", "randn(2, 7), randn(2), 1, -1", "randn(3), randn(), 0, 0"},
               .bad = {"randn(5, 2), randn(3), 0, 0", "randn(5), randn(), 0, 5"});

DEEPSEEK_FUNCTION(Tensor, diagonal_scatter,
                  (const Tensor& input, const Tensor& src, int64_t offset DEFAULT(0), int64_t dim1 DEFAULT(0), int64_t dim2 DEFAULT(1)),
                  "A copy of `input` whose `diagonal(offset, dim1, dim2)` is `src`.") {
  const Tensor whole = clone(input);
  return replaced(whole, diagonal(whole, offset, dim1, dim2), src, "diagonal_scatter");
}
DEEPSEEK_FACTS(diagonal_scatter, .in = {"method"},
               .reference = "(lambda y: ([y.__setitem__((i + max(-offset, 0), i + max(offset, 0)), src[i]) for i in range(len(src))], y)[1])(input.copy())",
               .good = {"randn(3, 3), randn(3)", "randn(3, 4), randn(3), 1", "randn(4, 2), randn(2), -1"},
               .bad = {"randn(3, 3), randn(2)", "randn(3), randn(3)"});

DEEPSEEK_FUNCTION(Tensor, as_strided_scatter,
                  (const Tensor& input, const Tensor& src, Dims size, Dims stride, int64_t storage_offset DEFAULT(0)),
                  "A copy of `input` whose elements at as_strided(size, stride, storage_offset) are `src`.") {
  const Tensor whole = clone(input);
  return replaced(whole, as_strided(whole, size, stride, storage_offset), src, "as_strided_scatter");
}
DEEPSEEK_FACTS(as_strided_scatter, .in = {"method"},
               .reference = "(lambda y: (numpy.lib.stride_tricks.as_strided(y.reshape(-1)[storage_offset:], size, [s * y.itemsize for s in stride]).__setitem__(..., src), y)[1])(input.copy())",
               .good = {"randn(12), randn(2, 3), (2, 3), (6, 2)", "randn(3, 4), randn(2), (2,), (5,), 1"},
               .bad = {"randn(3), randn(2), (2,), (5,)", "randn(3), randn(3), (2,), (1,)"});

}  // namespace deepseek
