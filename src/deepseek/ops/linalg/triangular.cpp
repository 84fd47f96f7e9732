#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

struct SolveTriangular : KernelOp {
  static constexpr OpInfo info{.name = "solve_triangular", .amp = Amp::full};
  bool upper = true, left = true, unit = false, transpose = false;
  static constexpr auto attrs =
      std::tuple{&SolveTriangular::upper, &SolveTriangular::left, &SolveTriangular::unit, &SolveTriangular::transpose};

  Spec infer(const Spec&, const Spec& b) const { return b; }
  KernelFn prepare(KernelContext& c) const {
    // Read where it lies: a matrix stored by columns is the transposed one stored by rows, its upper triangle the
    // lower.
    const Strides given = c.inputs[0].strides;
    by_columns(c.inputs[0]);
    const bool turned = given == c.inputs[0].strides;
    if (!turned) by_rows(c.inputs[0]);
    by_rows(c.inputs[1]);
    c.may_alias = {{0, 1}};
    return [op = *this, turned, shape = c.inputs[1].spec.shape, dtype = c.inputs[1].spec.dtype,
            n = c.inputs[0].spec.shape.back()](const KernelRun& run) {
      visit_real(dtype, [&](auto type) {
        using T = decltype(type);
        const int64_t size = rows_of(shape) * columns_of(shape);
        if (size == 0) return;
        for_matrices(batch_of(shape).numel(), double(size) * n, [&](int64_t i) {
          T* x = static_cast<T*>(run.outputs[0]) + i * size;
          copy_matrix(x, static_cast<const T*>(run.inputs[1]) + i * size, size);
          lapack::triangular(op.left ? lapack::left : lapack::right, op.upper != turned ? lapack::upper : lapack::lower,
                             op.transpose != turned ? lapack::transposed : lapack::plain,
                             op.unit ? lapack::unit : lapack::non_unit, static_cast<int>(rows_of(shape)),
                             static_cast<int>(columns_of(shape)), static_cast<const T*>(run.inputs[0]) + i * n * n, x);
        });
      });
    };
  }
  void gradient(Grad& g) const {
    SolveTriangular back = *this;
    back.transpose = !transpose;
    const Tensor b = apply(back, g.input(0), g.grad()), x = g.output();
    if (g.needs(0)) {
      // Of op(a): -b x^T, or from the right -x^T b.
      const Tensor &p = left ? b : x, &q = left ? x : b;
      const Tensor to_a = -(transpose ? product(q, p, !left, left) : product(p, q, !left, left));
      g.set(0, upper ? triu(to_a, unit ? 1 : 0) : tril(to_a, unit ? -1 : 0));
    }
    g.set(1, b);
  }
};

}  // namespace

Tensor triangular_solved(const Tensor& a, const Tensor& b, bool upper, bool left, bool unit, bool transpose) {
  return apply(SolveTriangular{.upper = upper, .left = left, .unit = unit, .transpose = transpose}, a, b);
}

DEEPSEEK_FUNCTION(
    Tensor, linalg_solve_triangular,
    (const Tensor& A, const Tensor& B, bool upper, bool left DEFAULT(true), bool unitriangular DEFAULT(false)),
    "X with A X = B, or X A = B unless `left`, where only the upper or lower triangle of `A` counts; with "
    "`unitriangular` its diagonal is taken to be ones. Zeros on the diagonal give infinities.") {
  constexpr std::string_view op = "linalg.solve_triangular";
  const Tensor a = square_matrices(op, A), b = matrices(op, B, "B");
  check_same_type(op, a, "A", b, "B");
  ensure(columns_of(a.shape()) == (left ? rows_of(b.shape()) : columns_of(b.shape())), op, ": ",
         left ? "rows" : "columns", " of B must equal rows of A, but A is ", to_string(a.shape()), " and B is ",
         to_string(b.shape()));
  const Shape batch = common_batch(op, a, b);
  return triangular_solved(in_batch(a, batch), in_batch(b, batch), upper, left, unitriangular, false);
}
DEEPSEEK_FACTS(
    linalg_solve_triangular, .in = {"linalg"}, .reference = "linalg.solve_triangular(A, B, upper, left, unitriangular)",
    .good = {"randn(3, 3) + 3 * eye(3), randn(3, 2), upper=True", "randn(3, 3) + 3 * eye(3), randn(3, 2), upper=False",
             "randn(2, 3, 3) + 3 * eye(3), randn(4, 3), upper=True, left=False",
             "randn(3, 3), randn(2, 1, 3, 3), upper=False, unitriangular=True",
             "randn(3, 3) + 3 * eye(3), randn(2, 3), upper=False, left=False",
             "randn(3, 3), randn(2, 3), upper=True, left=False, unitriangular=True",
             "randn(0, 0), randn(0, 2), upper=True", "randn(20, 20) + 20 * eye(20), randn(20, 3), upper=True"},
    .bad = {"randn(3, 2), randn(3, 2), upper=True", "randn(3, 3), randn(2, 3), upper=True",
            "randn(3, 3), randn(3), upper=True", "randn(3, 3), ints(3, 2), upper=True",
            "randn(2, 3, 3), randn(3, 3, 3), upper=True"});

DEEPSEEK_FUNCTION(
    TensorList, triangular_solve,
    (const Tensor& input, const Tensor& A, bool upper DEFAULT(true), bool transpose DEFAULT(false),
     bool unitriangular DEFAULT(false)),
    "(X, a copy of `A`) with A X = `input`, or A^T X = `input` with `transpose`, as `linalg.solve_triangular`.") {
  const Tensor x = linalg_solve_triangular(transpose ? mT(A) : A, input, upper != transpose, true, unitriangular);
  return {x, clone(in_batch(A, batch_of(x.shape())))};
}
DEEPSEEK_FACTS(
    triangular_solve, .in = {"method"},
    .reference = "linalg.triangular_solve(input, A, upper, transpose, unitriangular)",
    .good = {"randn(3, 2), randn(3, 3) + 3 * eye(3)", "randn(2, 3, 2), randn(3, 3) + 3 * eye(3), upper=False",
             "randn(3, 2), randn(3, 3) + 3 * eye(3), transpose=True", "randn(3, 2), randn(3, 3), unitriangular=True"},
    .bad = {"randn(2, 2), randn(3, 3)", "randn(3), randn(3, 3)", "randn(3, 2), randn(3)"}, .tolerance = 1e-4);

}  // namespace deepseek
