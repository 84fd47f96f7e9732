// tril_indices, triu_indices.
#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"

namespace deepseek {
namespace {

Tensor places(int64_t row, int64_t col, std::optional<DType> dtype, std::string_view op, auto inside) {
  ensure(row >= 0 && col >= 0, op, ": row and col must not be negative, but are ", row, " and ", col);
  std::vector<int64_t> rows, columns;
  for (int64_t i = 0; i < row; ++i) {
    for (int64_t j = 0; j < col; ++j) {
      if (inside(i, j)) rows.push_back(i), columns.push_back(j);
    }
  }
  const auto n = static_cast<int64_t>(rows.size());
  rows.insert(rows.end(), columns.begin(), columns.end());
  return to(Tensor::from_vector(rows, {2, n}), dtype.value_or(DType::int64));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, tril_indices,
                  (int64_t row, int64_t col, int64_t offset DEFAULT(0), std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "(2, n): rows and columns of the elements of a (row, col) matrix on and below the diagonal that lies `offset` "
                  "columns above the main one, row by row. int64 unless given.") {
  return places(row, col, dtype, "tril_indices", [=](int64_t i, int64_t j) { return j - i <= offset; });
}
DEEPSEEK_FACTS(tril_indices, .reference = "numpy.stack(numpy.tril_indices(row, offset, col))",
               .good = {"3, 3", "4, 3, 1", "2, 5, -1", "0, 3"}, .bad = {"-1, 2"});

DEEPSEEK_FUNCTION(Tensor, triu_indices,
                  (int64_t row, int64_t col, int64_t offset DEFAULT(0), std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "(2, n): rows and columns of the elements of a (row, col) matrix on and above the diagonal that lies `offset` "
                  "columns above the main one, row by row. int64 unless given.") {
  return places(row, col, dtype, "triu_indices", [=](int64_t i, int64_t j) { return j - i >= offset; });
}
DEEPSEEK_FACTS(triu_indices, .reference = "numpy.stack(numpy.triu_indices(row, offset, col))",
               .good = {"3, 3", "4, 3, 1", "2, 5, -1", "0, 3"}, .bad = {"-1, 2"});

}  // namespace deepseek
