// unique, unique_consecutive, isin.
#include <algorithm>
#include <numeric>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/promote.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/sort/order.h"
#include "deepseek/ops/sort/sort.h"

namespace deepseek {
namespace {

// A tensor as rows that are compared as wholes: its elements, or its entries along a dim.
struct RowTable {
  Tensor rows;  // (n, width), row-major and computed
  int64_t n, width;

  RowTable(const Tensor& input, std::optional<int> axis) {
    n = axis ? input.shape()[*axis] : input.numel();
    width = axis ? (n == 0 ? 0 : input.numel() / n) : 1;
    const Tensor first = axis ? movedim(input, {*axis}, {0}) : input;
    rows = reshape(first.detach(), {n, width}).contiguous_leaf();
  }

  // Row numbers in ascending order of the rows, equal ones as they stand. NaN is the largest.
  std::vector<int64_t> order() const {
    if (width == 1) return sorted_along(flatten(rows), 0, false)[1].to_vector<int64_t>();
    std::vector<int64_t> out(static_cast<size_t>(n));
    std::iota(out.begin(), out.end(), int64_t{0});
    visit([&](const auto* at) {
      std::stable_sort(out.begin(), out.end(), [&](int64_t a, int64_t b) {
        return std::lexicographical_compare(at + a * width, at + (a + 1) * width, at + b * width, at + (b + 1) * width,
                                            [](auto x, auto y) { return ascending_key(x) < ascending_key(y); });
      });
    });
    return out;
  }

  template <class F>
  void visit(F&& f) const {
    visit_dtype(rows.dtype(), [&](auto type) {
      const Buffer& buffer = rows.buffer();
      f(reinterpret_cast<const decltype(type)*>(buffer.storage->data()) + buffer.offset);
    });
  }
};

// The first of each run of equal rows in the given order.
Result runs(const Tensor& input, std::optional<int64_t> dim, bool sorted, bool return_inverse, bool return_counts, std::string_view op) {
  if (input.value().node->symbolic) raise_value(op, ": the shape of the result depends on values, which a symbolic input does not have");
  std::optional<int> axis;
  if (dim && input.rank() > 0) axis = wrap_dim(*dim, input.rank(), op);
  if (axis) {
    bool empty = false;
    for (int d = 0; d < input.rank(); ++d) empty = empty || (d != *axis && input.shape()[d] == 0);
    ensure(!empty || input.shape()[*axis] == 0, op, ": entries along dim ", *axis, " of shape ", to_string(input.shape()), " are empty");
  }
  const RowTable table(input, axis);
  std::vector<int64_t> places, first, counts, inverse(static_cast<size_t>(table.n));
  if (sorted) {
    places = table.order();
  } else {
    places.resize(static_cast<size_t>(table.n));
    std::iota(places.begin(), places.end(), int64_t{0});
  }
  table.visit([&](const auto* at) {
    for (size_t i = 0; i < places.size(); ++i) {
      // NaN differs from NaN, as in torch
      const bool same = i > 0 && std::equal(at + places[i] * table.width, at + (places[i] + 1) * table.width, at + places[i - 1] * table.width,
                                            [](auto x, auto y) { return load(x) == load(y); });
      if (!same) first.push_back(places[i]), counts.push_back(0);
      ++counts.back();
      inverse[static_cast<size_t>(places[i])] = static_cast<int64_t>(first.size()) - 1;
    }
  });
  const auto n = static_cast<int64_t>(first.size());
  const Tensor source = axis ? input.detach() : flatten(input.detach());
  const Tensor found = index_select(source, axis.value_or(0), Tensor::from_vector(first, {n}));
  if (!return_inverse && !return_counts) return found;
  TensorList out{found};
  if (return_inverse) out.push_back(Tensor::from_vector(inverse, axis ? Shape{table.n} : input.shape()));
  if (return_counts) out.push_back(Tensor::from_vector(counts, {n}));
  return out;
}

}  // namespace

DEEPSEEK_FUNCTION(
    Result, unique,
    (const Tensor& input, bool sorted DEFAULT(true), bool return_inverse DEFAULT(false), bool return_counts DEFAULT(false),
     std::optional<int64_t> dim DEFAULT(std::nullopt)),
    "The different elements of `input`, or its different entries along `dim`, in ascending order whether `sorted` is asked or not; "
    "with `return_inverse` also the position of each among them, with `return_counts` how often each occurs. Computes `input` at "
    "once; has no gradient.") {
  (void)sorted;
  return runs(input, dim, true, return_inverse, return_counts, "unique");
}
DEEPSEEK_FACTS(unique, .in = {"method"},
               .reference =
                   "(lambda r: (r[0],) + ((r[1].reshape(input.shape if dim is None else -1),) if return_inverse else ()) + ((r[-1],) if "
                   "return_counts else ()))(numpy.unique(input, return_inverse=True, return_counts=True, axis=dim))",
               .good = {"ints(20, high=6)", "ints(3, 4, high=5), return_inverse=True", "ints(9, high=4), True, True, True",
                        "bools(5), return_counts=True", "randn(4)", "ints(0)", "ints(7, 2, high=2), True, True, True, 0",
                        "ints(2, 9, high=2), True, True, True, -1", "randn(3, 2)[[0, 1, 0, 2]], dim=0"},
               .bad = {"ints(3), dim=1", "ints(3, 0), dim=0"}, .check_grad = false);

DEEPSEEK_FUNCTION(
    Result, unique_consecutive,
    (const Tensor& input, bool return_inverse DEFAULT(false), bool return_counts DEFAULT(false),
     std::optional<int64_t> dim DEFAULT(std::nullopt)),
    "`input`, flattened or along `dim`, without the elements that equal the one before; with `return_inverse` also where each went, "
    "with `return_counts` how long each run was. Computes `input` at once; has no gradient.") {
  return runs(input, dim, false, return_inverse, return_counts, "unique_consecutive");
}
DEEPSEEK_FACTS(unique_consecutive, .in = {"method"},
               .reference = "references.unique_consecutive(input, return_inverse, return_counts, dim)",
               .good = {"ints(20, high=2)", "ints(3, 4, high=2), True, True", "ints(7, 1, high=2), True, True, 0", "ints(0)", "randn(3)"},
               .bad = {"ints(3), dim=1"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, isin,
                  (const Tensor& elements, const Tensor& test_elements, bool assume_unique DEFAULT(false), bool invert DEFAULT(false)),
                  "Whether each of `elements` is among `test_elements` (or with `invert` is not): bool, of the shape of elements. "
                  "`assume_unique` changes nothing.") {
  (void)assume_unique;
  Tensor x = elements, among = flatten(test_elements);
  const Shape shape = x.shape();
  promote_operands(x, among);
  x = expand(x, shape);
  if (among.numel() == 0) return full(shape, Tensor(invert), DType::bool_);
  const Tensor sorted = sorted_along(among, 0, false)[0];
  const Tensor at = minimum(searchsorted(sorted, x), Tensor(among.numel() - 1));
  const Tensor nearest = reshape(index_select(sorted, 0, flatten(at)), shape);
  return invert ? ne(nearest, x) : eq(nearest, x);
}
DEEPSEEK_FACTS(isin, .reference = "numpy.isin(elements, test_elements, assume_unique, invert)",
               .good = {"ints(3, 4), ints(5)", "ints(6), ints(2, 2), False, True", "ints(4), 3", "3, ints(4)", "randn(3), randn(2)", "ints(3), ints(0)"});

}  // namespace deepseek
