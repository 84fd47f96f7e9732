// index_put, put, index_reduce: writes at index tensors.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/index/indexing.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, index_put,
                  (const Tensor& input, const TensorList& indices, const Tensor& values, bool accumulate DEFAULT(false)),
                  "`input` with input[indices] = values, where `indices` are integer tensors or bool masks that broadcast; with "
                  "`accumulate` the values are added, equal indices in order. Otherwise the last of equal indices counts.") {
  check_element_type(input, values, "index_put", "values");
  ensure(!indices.empty(), "index_put: needs at least one index tensor");
  return index_assigned(input, std::vector<IndexItem>(indices.begin(), indices.end()), values, accumulate);
}
DEEPSEEK_FACTS(index_put, .in = {"method"},
               .reference = "(lambda y: (numpy.add.at(y, tuple(indices), values) if accumulate else y.__setitem__(tuple(indices), values), y)[1])(input.copy())",
               .good = {"randn(5), [numpy.array([1, 3])], randn(2)", "randn(4, 5), [ints(3, high=4), ints(3, high=5)], randn(3), True",
                        "randn(4, 3), [numpy.array([2, 0])], 1.5", "randn(4), [bools(4)], 0.5", "ints(4), [ints(6, high=4)], ints(6), True"},
               .bad = {"randn(5), [ints(2, low=5, high=9)], randn(2)", "randn(5), [ints(2, high=5)], ints(2)", "randn(5), [], randn(2)",
                       "randn(5), [ints(2, high=5)], randn(3)"});

DEEPSEEK_FUNCTION(Tensor, put, (const Tensor& input, const Tensor& index, const Tensor& source, bool accumulate DEFAULT(false)),
                  "`input` with the elements at the places `index` of the flattened input replaced by those of `source`, or with "
                  "`accumulate` added to.") {
  check_element_type(input, source, "put", "source");
  ensure(index.numel() == source.numel(), "put: index and source must have as many elements, but are ", to_string(index.shape()),
         " and ", to_string(source.shape()));
  const Tensor at = linear_index({flatten(index_tensor(index, "put"))}, {input.numel()}, 0);
  return reshape(index_assigned(flatten(input), {at}, flatten(source), accumulate), input.shape());
}
DEEPSEEK_FACTS(put, .in = {"method"},
               .reference = "(lambda y: (numpy.add.at(y.reshape(-1), index, source) if accumulate else numpy.put(y, index, source), y)[1])(input.copy())",
               .good = {"randn(3, 4), numpy.array([5, 0, -1]), randn(3)", "randn(3, 4), ints(2, 3, high=12), randn(2, 3), True"},
               .bad = {"randn(3), ints(2, low=3, high=6), randn(2)", "randn(3), ints(2, high=3), randn(3)", "randn(3), ints(2, high=3), ints(2)"});

DEEPSEEK_FUNCTION(Tensor, index_reduce,
                  (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                   bool include_self DEFAULT(true)),
                  "`input` with the rows of `source` along `dim` combined into the rows that the vector `index` names, by `reduce`: "
                  "'prod', 'mean', 'amax' or 'amin'. Without `include_self` rows that are written to do not take part.") {
  const int axis = wrap_dim(dim, input.rank(), "index_reduce");
  ensure(reduce != "sum", "index_reduce: reduce must be 'prod', 'mean', 'amax' or 'amin', but is 'sum'; use index_add");
  ensure(index.rank() <= 1, "index_reduce: index must be a vector, but is ", to_string(index.shape()));
  if (input.rank() == 0) {
    return reshape(index_reduce(reshape(input, {1}), 0, index, flatten(source), reduce, include_self), {});
  }
  ensure(source.rank() == input.rank() && source.shape()[axis] == index.numel(), "index_reduce: source must have a row along dim ", axis,
         " for each of the ", index.numel(), " indices, but is ", to_string(source.shape()));
  Shape row = Dims::filled(input.rank(), 1);
  row[axis] = index.numel();
  return scatter_reduce(input, axis, expand(reshape(index, row), source.shape()), source, reduce, include_self);
}
DEEPSEEK_FACTS(index_reduce, .in = {"method"},
               .reference = "(lambda y: ({'prod': numpy.multiply, 'amax': numpy.maximum, 'amin': numpy.minimum}[reduce].at(y, (slice(None),) * dim + (index,), source), y)[1])(input.copy())",
               .good = {"randn(4, 3), 0, ints(6, high=4), randn(6, 3), 'amax'", "randn(2, 4), 1, ints(5, high=4), randn(2, 5), 'amin'",
                        "randn(4), 0, ints(6, high=4), randn(6), 'prod'"},
               .bad = {"randn(4, 3), 0, ints(6, high=4), randn(5, 3), 'amax'", "randn(4), 0, ints(2, high=4), randn(2), 'sum'",
                       "randn(4), 0, ints(2, low=4, high=8), randn(2), 'prod'"});

}  // namespace deepseek
