// input[...] with all that Python's brackets take: torch's rules, which are numpy's but for integers beside index
// tensors.
#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek {

struct SliceItem {
  std::optional<int64_t> start = {}, stop = {}, step = {};
};
struct EllipsisItem {};
struct NewAxisItem {};

// A Tensor is a bool mask (takes as many dims as it has, is computed at once) or an index tensor (takes one dim,
// negative indices count from the end). An integer is a view of one entry, as in torch.
using IndexItem = std::variant<int64_t, SliceItem, EllipsisItem, NewAxisItem, Tensor>;

// Without tensors among the items: a view of `input`. With tensors: their common shape replaces the dims that they
// take, in front of all others when something else stands between them.
Tensor index(const Tensor& input, const std::vector<IndexItem>& items);

// input[items] = value, in place; `value` is broadcast and converted. Of equal indices the last counts; with
// `accumulate` all are added, in order.
void index_assign(const Tensor& input, const std::vector<IndexItem>& items, const Tensor& value,
                  bool accumulate = false);

// A new tensor with the same done to it.
Tensor index_assigned(const Tensor& input, const std::vector<IndexItem>& items, const Tensor& value, bool accumulate = false);

}  // namespace deepseek
