// block_diag, cartesian_prod, combinations.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, block_diag, (const TensorList& tensors),
                  "The matrices along the diagonal of a larger one that is zero elsewhere; a vector counts as one row, a scalar as "
                  "one element. The element type is the promoted one.") {
  if (tensors.empty()) return zeros({1, 0});
  int64_t columns = 0;
  TensorList blocks;
  for (const Tensor& x : tensors) {
    ensure(x.rank() <= 2, "block_diag: tensors must have at most two dims, but one is ", to_string(x.shape()));
    blocks.push_back(std::get<Tensor>(atleast_2d({x})));
    columns += blocks.back().shape()[1];
  }
  int64_t column = 0;
  TensorList bands;
  for (const Tensor& block : blocks) {
    const int64_t width = block.shape()[1];
    bands.push_back(pad(block, {column, columns - column - width}));
    column += width;
  }
  return cat(bands, 0);
}
DEEPSEEK_FACTS(block_diag, .reference = "scipy.linalg.block_diag(*tensors)",
               .good = {"[randn(2, 3), randn(1, 2)]", "[randn(3), randn()]", "[ints(2, 2), randn(1, 1)]"}, .bad = {"[randn(2, 2, 2)]"});

DEEPSEEK_FUNCTION(Tensor, cartesian_prod, (const TensorList& tensors),
                  "All combinations of one element of each vector, as rows (product of the lengths, number of vectors), the last "
                  "vector changing fastest. One vector is returned as it is.") {
  ensure(!tensors.empty(), "cartesian_prod: needs at least one tensor");
  for (const Tensor& x : tensors) {
    ensure(x.rank() == 1, "cartesian_prod: each tensor must be a vector, but one is ", to_string(x.shape()));
    if (x.dtype() != tensors[0].dtype()) {
      raise_type("cartesian_prod: the vectors must have one element type, but they have ", name_of(tensors[0].dtype()), " and ",
                 name_of(x.dtype()));
    }
  }
  if (tensors.size() == 1) return tensors[0];
  TensorList columns;
  for (const Tensor& grid : meshgrid(tensors, "ij")) columns.push_back(flatten(grid));
  return stack(columns, 1);
}
DEEPSEEK_FACTS(cartesian_prod, .reference = "tensors[0] if len(tensors) == 1 else numpy.stack(numpy.meshgrid(*tensors, indexing='ij'), -1).reshape(-1, len(tensors))",
               .good = {"[randn(3)]", "[randn(2), randn(3)]", "[ints(2), ints(3), ints(2)]"},
               .bad = {"[]", "[randn(2, 2)]", "[randn(2), ints(2)]"});

DEEPSEEK_FUNCTION(Tensor, combinations, (const Tensor& input, int64_t r DEFAULT(2), bool with_replacement DEFAULT(false)),
                  "All choices of `r` elements of a vector, as rows, in the order of itertools.combinations; an element may be "
                  "chosen more than once `with_replacement`.") {
  ensure(input.rank() == 1, "combinations: input must be a vector, but is ", to_string(input.shape()));
  ensure(r >= 0, "combinations: r must not be negative, but is ", r);
  const int64_t n = input.numel();
  if (r == 0) return reshape(slice(input, 0, 0, 0), {0});
  std::vector<int64_t> places, chosen(static_cast<size_t>(r));
  const int64_t gap = with_replacement ? 0 : 1;
  for (size_t i = 0; i < chosen.size(); ++i) chosen[i] = gap * static_cast<int64_t>(i);
  const auto most = [&](size_t i) { return n - 1 - gap * (r - 1 - static_cast<int64_t>(i)); };
  int64_t count = 0;
  while (n > 0 && chosen.back() < n) {
    places.insert(places.end(), chosen.begin(), chosen.end());
    ++count;
    size_t i = chosen.size();
    while (i > 0 && chosen[i - 1] >= most(i - 1)) --i;
    if (i == 0) break;
    ++chosen[i - 1];
    for (; i < chosen.size(); ++i) chosen[i] = chosen[i - 1] + gap;
  }
  return reshape(index_select(input, 0, Tensor::from_vector(places, {count * r})), {count, r});
}
DEEPSEEK_FACTS(combinations,
               .reference = "numpy.array(list((itertools.combinations_with_replacement if with_replacement else itertools.combinations)"
                            "(input, r))).reshape(-1, r)",
               .good = {"randn(4)", "randn(5), 3", "ints(4), 2, True", "randn(3), 1", "randn(2), 3"},
               .bad = {"randn(2, 2)", "randn(3), -1"});

}  // namespace deepseek
