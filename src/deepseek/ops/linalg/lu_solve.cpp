#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

Tensor solved_by_factors(std::string_view op, const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left,
                         bool adjoint) {
  const Tensor lu = square_matrices(op, LU, "LU"), b = matrices(op, B, "B");
  check_same_type(op, lu, "LU", b, "B");
  if (pivots.dtype() != DType::int32) raise_type(op, ": pivots must be int32, but they are ", name_of(pivots.dtype()));
  ensure(pivots.shape() == batch_of(lu.shape(), 1), op, ": pivots must be ", to_string(batch_of(lu.shape(), 1)),
         ", but they are ", to_string(pivots.shape()));
  const int64_t n = columns_of(lu.shape());
  ensure(n == (left ? rows_of(b.shape()) : columns_of(b.shape())), op, ": ", left ? "rows" : "columns",
         " of B must equal rows of LU, but LU is ", to_string(lu.shape()), " and B is ", to_string(B.shape()));
  const Shape batch = common_batch(op, lu, b);
  const Tensor f = in_batch(lu, batch), wanted = in_batch(left ? b : mT(b), batch);
  const bool transpose = adjoint == left;
  const Tensor order = in_batch(pivot_order(pivots, n, transpose), batch, 1);
  if (!transpose) {
    const Tensor y = triangular_solved(f, rows_in_order(wanted, order), false, true, true, false);
    const Tensor x = triangular_solved(f, y, true, true, false, false);
    return left ? x : mT(x);
  }
  const Tensor y = triangular_solved(f, wanted, true, true, false, true);
  const Tensor x = rows_in_order(triangular_solved(f, y, false, true, true, true), order);
  return left ? x : mT(x);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_lu_solve,
                  (const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left DEFAULT(true),
                   bool adjoint DEFAULT(false)),
                  "X with A X = B, X A = B unless `left`, and with the transposed A if `adjoint`, from the results of "
                  "`lu_factor(A)`.") {
  return solved_by_factors("linalg.lu_solve", LU, pivots, B, left, adjoint);
}
DEEPSEEK_FACTS(linalg_lu_solve, .in = {"linalg"}, .reference = "linalg.lu_solve(LU, pivots, B, left, adjoint)",
               .good = {"randn(3, 3) + 3 * eye(3), numpy.int32([3, 3, 3]), randn(3, 2)",
                        "randn(2, 3, 3) + 3 * eye(3), numpy.int32([[3, 3, 3], [1, 3, 3]]), randn(3, 2), adjoint=True",
                        "randn(3, 3) + 3 * eye(3), numpy.int32([2, 2, 3]), randn(2, 3), left=False",
                        "randn(3, 3) + 3 * eye(3), numpy.int32([2, 3, 3]), randn(2, 3), left=False, adjoint=True"},
               .bad = {"randn(3, 3), ints(3), randn(3, 2)", "randn(3, 3), numpy.int32([1, 2]), randn(3, 2)",
                       "randn(3, 3), numpy.int32([1, 2, 9]), randn(3, 2)",
                       "randn(3, 3), numpy.int32([1, 2, 3]), randn(2, 2)"},
               .tolerance = 2e-4);

DEEPSEEK_FUNCTION(Tensor, lu_solve, (const Tensor& input, const Tensor& LU_data, const Tensor& LU_pivots),
                  "X with A X = `input`, from the results of `linalg.lu_factor(A)`.") {
  return solved_by_factors("lu_solve", LU_data, LU_pivots, input, true, false);
}
DEEPSEEK_FACTS(lu_solve, .in = {"method"}, .reference = "linalg.lu_solve(LU_data, LU_pivots, input, True, False)",
               .good = {"randn(3, 2), randn(3, 3) + 3 * eye(3), numpy.int32([2, 3, 3])"},
               .bad = {"randn(2, 2), randn(3, 3), numpy.int32([2, 3, 3])"}, .tolerance = 2e-4);

}  // namespace deepseek
