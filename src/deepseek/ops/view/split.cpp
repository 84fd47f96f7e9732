#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

int dim_to_split(const Tensor& input, int64_t dim, std::string_view op) {
  ensure(input.rank() > 0, op, ": a 0-d tensor has no dim to split");
  return wrap_dim(dim, input.rank(), op);
}

}  // namespace

DEEPSEEK_FUNCTION(
    TensorList, split, (const Tensor& input, Sections split_size_or_sections, int64_t dim DEFAULT(0)),
    "Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the given sizes.") {
  const int axis = dim_to_split(input, dim, "split");
  const int64_t n = input.shape()[axis];
  TensorList parts;
  if (split_size_or_sections.number) {
    const int64_t size = *split_size_or_sections.number;
    ensure(size > 0 || (size == 0 && n == 0), "split: the size of a part must be positive, but is ", size);
    if (n == 0) return {input};
    for (int64_t at = 0; at < n; at += size) parts.push_back(slice(input, axis, at, std::min(n, at + size), 1));
    return parts;
  }
  const std::vector<int64_t>& sizes = split_size_or_sections.list;
  int64_t total = 0;
  bool negative = false;
  for (int64_t size : sizes) total += size, negative = negative || size < 0;
  ensure(!negative && total == n, "split: sections must not be negative and must add up to size ", n, " of dim ", axis, " of shape ",
         to_string(input.shape()), ", but they are ", sizes.size(), " with the sum ", total);
  int64_t at = 0;
  for (int64_t size : sizes) {
    parts.push_back(slice(input, axis, at, at + size, 1));
    at += size;
  }
  return parts;
}
DEEPSEEK_FACTS(
    split, .in = {"method"},
    .reference =
        "tuple(numpy.split(input, range(split_size_or_sections, input.shape[dim], split_size_or_sections) if "
        "isinstance(split_size_or_sections, int) else numpy.cumsum(split_size_or_sections)[:-1], axis=dim))",
    .good = {"randn(7), 3", "randn(6, 2), 3", "randn(3, 5), (1, 0, 4), -1", "ints(4), 9", "randn(12), [1] * 12", "randn(4), (4,)"},
    .bad = {"randn(5), 0", "randn(5), (2, 2)", "randn(5), (3,)", "randn(5), (7, -2)", "randn(), 1", "randn(3), 1, 1"});

DEEPSEEK_FUNCTION(TensorList, chunk, (const Tensor& input, int64_t chunks, int64_t dim DEFAULT(0)),
                  "Views of at most `chunks` consecutive parts of equal size along `dim`; the last may be smaller.") {
  const int axis = dim_to_split(input, dim, "chunk");
  ensure(chunks > 0, "chunk: chunks must be positive, but is ", chunks);
  const int64_t n = input.shape()[axis];
  if (n == 0) return TensorList(static_cast<size_t>(chunks), input);
  return split(input, (n + chunks - 1) / chunks, axis);
}
DEEPSEEK_FACTS(
    chunk, .in = {"method"},
    .reference =
        "tuple(numpy.split(input, range(-(-input.shape[dim] // chunks), input.shape[dim], -(-input.shape[dim] // "
        "chunks)), axis=dim))",
    .good = {"randn(7), 3", "randn(6, 2), 2", "randn(3, 5), 4, -1"},
    .bad = {"randn(5), 0", "randn(), 1", "randn(3), 1, 1"});

DEEPSEEK_FUNCTION(
    TensorList, tensor_split, (const Tensor& input, Sections indices_or_sections, int64_t dim DEFAULT(0)),
    "Views of consecutive parts along `dim`: a number of parts whose sizes differ by at most one, or parts that begin "
    "at the given indices.") {
  const int axis = dim_to_split(input, dim, "tensor_split");
  const int64_t n = input.shape()[axis];
  TensorList parts;
  if (indices_or_sections.number) {
    const int64_t count = *indices_or_sections.number;
    ensure(count > 0, "tensor_split: the number of parts must be positive, but is ", count);
    int64_t at = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = n / count + (i < n % count);
      parts.push_back(slice(input, axis, at, at + size, 1));
      at += size;
    }
    return parts;
  }
  std::optional<int64_t> start;
  for (int64_t end : indices_or_sections.list) {
    parts.push_back(slice(input, axis, start, end, 1));
    start = end;
  }
  parts.push_back(slice(input, axis, start, std::nullopt, 1));
  return parts;
}
DEEPSEEK_FACTS(tensor_split, .in = {"method"},
               .reference =
                   "tuple(numpy.array_split(input, indices_or_sections, axis=dim))",
               .good = {"randn(7), 3", "randn(6, 2), (1, 4)", "randn(6, 2), (4,)", "randn(12), list(range(1, 12))", "randn(3, 5), 4, -1", "randn(2), 4"},
               .bad = {"randn(5), 0", "randn(), 1", "randn(3), 1, 1"});

DEEPSEEK_FUNCTION(TensorList, split_with_sizes, (const Tensor& input, Sections split_sizes, int64_t dim DEFAULT(0)),
                  "Views of consecutive parts of the given sizes along `dim`; `split` by its name for this case.") {
  if (split_sizes.number) raise_type("split_with_sizes: split_sizes must be a sequence of ints");
  return split(input, std::move(split_sizes), dim);
}
DEEPSEEK_FACTS(split_with_sizes, .in = {"method"},
               .reference = "tuple(numpy.split(input, numpy.cumsum(split_sizes)[:-1], axis=dim))",
               .good = {"randn(3, 5), (1, 0, 4), -1"}, .bad = {"randn(5), (2, 2)", "randn(5), 5"});

DEEPSEEK_FUNCTION(TensorList, unsafe_split, (const Tensor& input, Sections split_size, int64_t dim DEFAULT(0)),
                  "`split`, under the name of torch's variant; the parts here are views as safe as others.") {
  return split(input, std::move(split_size), dim);
}
DEEPSEEK_FACTS(unsafe_split, .in = {"method"}, .reference = "tuple(numpy.split(input, range(split_size, input.shape[dim], split_size), axis=dim))",
               .good = {"randn(7), 3"}, .bad = {"randn(5), 0"});

DEEPSEEK_FUNCTION(TensorList, unsafe_chunk, (const Tensor& input, int64_t chunks, int64_t dim DEFAULT(0)),
                  "`chunk`, under the name of torch's variant; the parts here are views as safe as others.") {
  return chunk(input, chunks, dim);
}
DEEPSEEK_FACTS(unsafe_chunk, .in = {"method"}, .reference = "tuple(numpy.array_split(input, chunks, axis=dim))",
               .good = {"randn(6, 2), 2"}, .bad = {"randn(5), 0"});

DEEPSEEK_FUNCTION(TensorList, unbind, (const Tensor& input, int64_t dim DEFAULT(0)),
                  "Views of the entries along `dim`.") {
  const int axis = dim_to_split(input, dim, "unbind");
  TensorList parts;
  for (int64_t i = 0; i < input.shape()[axis]; ++i) parts.push_back(select(input, axis, i));
  return parts;
}
DEEPSEEK_FACTS(unbind, .in = {"method"}, .reference = "tuple(numpy.moveaxis(input, dim, 0))",
               .good = {"randn(3)", "randn(3, 2), 1", "ints(2, 2, 2), -1"}, .bad = {"randn()", "randn(3), 1"});

}  // namespace deepseek
