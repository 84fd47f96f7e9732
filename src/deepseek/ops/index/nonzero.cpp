#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"

namespace deepseek {
namespace {

Tensor vector_of(std::vector<int64_t> values) {
  const auto n = static_cast<int64_t>(values.size());
  return Tensor::from_vector(values, {n});
}

}  // namespace

Tensor nonzero_flat(const Tensor& mask, std::string_view op) {
  if (mask.value().node->symbolic) {
    raise_value(op, ": the shape of the result depends on values, which a symbolic input does not have");
  }
  const Tensor bits = cast(mask.detach(), DType::bool_).contiguous_leaf();
  const Buffer& buffer = bits.buffer();
  const auto* at = reinterpret_cast<const uint8_t*>(buffer.storage->data()) + buffer.offset;
  std::vector<int64_t> places;
  for (int64_t i = 0, n = bits.numel(); i < n; ++i) {
    if (at[i]) places.push_back(i);
  }
  return vector_of(std::move(places));
}

DEEPSEEK_FUNCTION(
    Result, nonzero, (const Tensor& input, bool as_tuple DEFAULT(false)),
    "Indices of the elements that are not zero, in row-major order: int64 of shape (count, dims), or with "
    "`as_tuple` one vector per dim, fit for indexing. Computes `input` at once.") {
  const std::vector<int64_t> flat = nonzero_flat(input, "nonzero").to_vector<int64_t>();
  const auto n = static_cast<int64_t>(flat.size());
  const Strides strides = contiguous_strides(input.shape());
  std::vector<std::vector<int64_t>> columns(static_cast<size_t>(input.rank()));
  for (int d = 0; d < input.rank(); ++d) {
    for (int64_t at : flat) columns[static_cast<size_t>(d)].push_back(at / strides[d] % input.shape()[d]);
  }
  if (as_tuple) {
    if (input.rank() == 0) return TensorList{vector_of(std::vector<int64_t>(flat.size(), 0))};
    TensorList out;
    for (auto& column : columns) out.push_back(vector_of(std::move(column)));
    return out;
  }
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < n; ++i) {
    for (const auto& column : columns) rows.push_back(column[static_cast<size_t>(i)]);
  }
  return Tensor::from_vector(rows, {n, input.rank()});
}
DEEPSEEK_FACTS(nonzero, .in = {"method"}, .reference = "numpy.nonzero(input) if as_tuple else numpy.argwhere(input)",
               .good = {"bools(5)", "ints(3, 4, high=3)", "ints(2, 3, 2, high=2), as_tuple=True", "bools(0, 2)",
                        "randn(3)"});

DEEPSEEK_FUNCTION(
    Tensor, argwhere, (const Tensor& input),
    "Indices of the elements that are not zero: int64 of shape (count, dims). Computes `input` at once.") {
  return std::get<Tensor>(nonzero(input));
}
DEEPSEEK_FACTS(argwhere, .in = {"method"}, .reference = "numpy.argwhere(input)",
               .good = {"bools(5)", "ints(3, 4, high=3)"});

DEEPSEEK_FUNCTION(
    Tensor, masked_select, (const Tensor& input, const Tensor& mask),
    "Vector of the elements where the bool `mask` is true, after broadcasting both. Computes `mask` at once.") {
  if (mask.dtype() != DType::bool_) raise_type("masked_select: mask must be bool, but is ", name_of(mask.dtype()));
  const Shape shape = broadcast(input.shape(), mask.shape(), "masked_select");
  const Tensor all = expand(input, shape);
  return index_select(flatten(all), 0, nonzero_flat(expand(mask, shape), "masked_select"));
}
DEEPSEEK_FACTS(
    masked_select, .in = {"method"},
    .reference =
        "numpy.broadcast_to(input, numpy.broadcast_shapes(input.shape, mask.shape))[numpy.broadcast_to(mask, "
        "numpy.broadcast_shapes(input.shape, mask.shape))]",
    .good = {"randn(5), bools(5)", "randn(3, 4), bools(4)", "randn(3, 1), bools(1, 4)",
             "ints(3), numpy.zeros(3, 'bool')"},
    .bad = {"randn(3), bools(4)", "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(
    Tensor, masked_scatter, (const Tensor& input, const Tensor& mask, const Tensor& source),
    "`input` with the elements where the bool `mask`, which is broadcast, is true replaced by those of `source`, one "
    "after the other. Computes `mask` at once.") {
  if (mask.dtype() != DType::bool_) raise_type("masked_scatter: mask must be bool, but is ", name_of(mask.dtype()));
  if (source.dtype() != input.dtype()) {
    raise_type("masked_scatter: input is ", name_of(input.dtype()), " but source is ", name_of(source.dtype()));
  }
  const Shape shape = broadcast(input.shape(), mask.shape(), "masked_scatter");
  const Tensor places = nonzero_flat(expand(mask, shape), "masked_scatter");
  ensure(places.numel() <= source.numel(), "masked_scatter: mask selects ", places.numel(),
         " elements, but source has ", source.numel());
  const Tensor values = narrow(flatten(source), 0, 0, places.numel());
  return reshape(index_copy(flatten(expand(input, shape)), 0, places, values), shape);
}
DEEPSEEK_FACTS(masked_scatter, .in = {"method"},
               .reference =
                   "(lambda y, m: (y.__setitem__(m, source.reshape(-1)[:m.sum()]), y)[1])(*(a.copy() for a in numpy.broadcast_arrays(input, mask)))",
               .good = {"randn(5), bools(5), randn(5)", "randn(4), bools(3, 4), randn(12)", "randn(3, 4), bools(4), randn(2, 8)"},
               .bad = {"randn(3), bools(4), randn(4)", "randn(9), numpy.ones(9, 'bool'), randn(2)",
                       "randn(3), bools(3), ints(3)"});

DEEPSEEK_FUNCTION(
    Tensor, take, (const Tensor& input, const Tensor& index),
    "Elements of the flattened `input` at the integer `index`, in the shape of `index`; negative ones count from the "
    "end.") {
  const Tensor at = linear_index({index_tensor(index, "take")}, {input.numel()}, 0);
  return reshape(index_select(flatten(input), 0, flatten(at)), index.shape());
}
DEEPSEEK_FACTS(take, .in = {"method"}, .reference = "numpy.take(input, index)",
               .good = {"randn(3, 4), ints(2, 5, low=-12, high=12)", "randn(4), numpy.array(-1)"},
               .bad = {"randn(3), randn(2)", "randn(3), ints(2, low=3, high=5)", "randn(3), ints(2, low=-9, high=-4)"});

}  // namespace deepseek
