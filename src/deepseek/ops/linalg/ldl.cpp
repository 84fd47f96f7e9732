#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

struct LdlFactor : KernelOp {
  static constexpr OpInfo info{.name = "ldl_factor", .amp = Amp::full};
  static constexpr NotDifferentiable gradient{
      "the factors mix blocks of one and two rows, which a change of the matrix may exchange"};
  std::string checked;
  static constexpr auto attrs = std::tuple{&LdlFactor::checked};

  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape batch = batch_of(in[0]->shape);
    out = {*in[0], {DType::int32, with_dims(batch, {rows_of(in[0]->shape)})}, {DType::int32, batch}};
  }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[0]), by_columns(c.outputs[0]);
    c.may_alias = {{0, 0}};
    return [spec = c.inputs[0].spec, name = checked](const KernelRun& run) {
      visit_real(spec.dtype, [&](auto type) {
        using T = decltype(type);
        const Shape batch = batch_of(spec.shape);
        const int64_t n = columns_of(spec.shape), size = n * n;
        const int lwork = static_cast<int>(std::max<int64_t>(1, n * 32));
        for_matrices(batch.numel(), double(size) * n / 3, [&](int64_t i) {
          T* a = static_cast<T*>(run.outputs[0]) + i * size;
          copy_matrix(a, static_cast<const T*>(run.inputs[0]) + i * size, size);
          const auto work = lapack::scratch<T>(lwork);
          const int bad =
              n == 0 ? 0
                     : lapack::routines<T>().sytrf(lapack::by_columns, 'L', static_cast<int>(n), a, static_cast<int>(n),
                                                   static_cast<int*>(run.outputs[1]) + i * n, work.get(), lwork);
          if (bad > 0 && !name.empty()) raise_singular(name, batch, i, 'D', bad);
          for (int64_t column = 1; column < n; ++column) std::fill_n(a + column * n, column, T{0});
          static_cast<int32_t*>(run.outputs[2])[i] = bad;
        });
      });
    };
  }
};

struct LdlSolve : KernelOp {
  static constexpr OpInfo info{.name = "ldl_solve", .amp = Amp::full};
  static constexpr NotDifferentiable gradient{"use linalg.solve, which has gradients"};
  static constexpr auto attrs = std::tuple{};

  Spec infer(Specs in) const { return *in[2]; }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[0]), by_rows(c.inputs[1]), by_columns(c.inputs[2]), by_columns(c.outputs[0]);
    c.may_alias = {{0, 2}};
    return [shape = c.inputs[2].spec.shape, dtype = c.inputs[2].spec.dtype](const KernelRun& run) {
      visit_real(dtype, [&](auto type) {
        using T = decltype(type);
        const int64_t n = rows_of(shape), count = columns_of(shape);
        if (n * count == 0) return;
        for_matrices(batch_of(shape).numel(), double(n) * n * count, [&](int64_t i) {
          T* x = static_cast<T*>(run.outputs[0]) + i * n * count;
          copy_matrix(x, static_cast<const T*>(run.inputs[2]) + i * n * count, n * count);
          const int* pivots = static_cast<const int*>(run.inputs[1]) + i * n;
          for (int64_t r = 0; r < n; ++r) {
            const int64_t other = std::abs(static_cast<int64_t>(pivots[r]));
            if (other < 1 || other > n || (pivots[r] < 0 && r + 1 == n && (n == 1 || pivots[r - 1] >= 0)))
              raise_value("linalg.ldl_solve: pivots must be those of ldl_factor, but one is ", pivots[r]);
          }
          lapack::routines<T>().sytrs(lapack::by_columns, 'L', static_cast<int>(n), static_cast<int>(count),
                                      static_cast<const T*>(run.inputs[0]) + i * n * n, static_cast<int>(n), pivots, x,
                                      static_cast<int>(n));
        });
      });
    };
  }
};

TensorList factored(const std::string& op, const Tensor& A, bool check) {
  LdlFactor kernel;
  if (check) kernel.checked = op;
  return apply_many(kernel, {square_matrices(op, A)});
}

}  // namespace

DEEPSEEK_FUNCTION(TensorList, linalg_ldl_factor, (const Tensor& A, bool hermitian DEFAULT(false)),
                  "(LD, int32 pivots) of A = L D L^T for symmetric matrices, of which the lower triangle is read, as "
                  "LAPACK packs them: D has "
                  "blocks of one or two rows. `hermitian` makes no difference for real numbers. It has no gradient.") {
  (void)hermitian;
  const TensorList r = factored("linalg.ldl_factor", A, true);
  return {r[0], r[1]};
}
DEEPSEEK_FACTS(linalg_ldl_factor, .in = {"linalg"}, .reference = "linalg.ldl_factor(A)",
               .good = {"randn(3, 3)", "randn(2, 5, 5)", "randn(0, 0)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "full((2, 2), 0)"}, .check_grad = false,
               .tolerance = 1e-3);

DEEPSEEK_FUNCTION(TensorList, linalg_ldl_factor_ex,
                  (const Tensor& A, bool hermitian DEFAULT(false), bool check_errors DEFAULT(false)),
                  "(LD, pivots, info) as `ldl_factor`, but a singular matrix is no error unless `check_errors`: info "
                  "is the number of the first "
                  "zero block of D, counted from 1, or 0.") {
  (void)hermitian;
  return factored("linalg.ldl_factor_ex", A, check_errors);
}
DEEPSEEK_FACTS(linalg_ldl_factor_ex, .in = {"linalg"},
               .reference = "(*linalg.ldl_factor(A), numpy.zeros(A.shape[:-2], numpy.int32))", .good = {"randn(3, 3)"},
               .bad = {"randn(3)", "full((2, 2), 0), check_errors=True"}, .check_grad = false, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, linalg_ldl_solve,
                  (const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian DEFAULT(false)),
                  "X with A X = B, from the results of `ldl_factor(A)`.") {
  (void)hermitian;
  constexpr std::string_view op = "linalg.ldl_solve";
  const Tensor a = square_matrices(op, LD, "LD"), b = matrices(op, B, "B");
  check_same_type(op, a, "LD", b, "B");
  if (pivots.dtype() != DType::int32) raise_type(op, ": pivots must be int32, but they are ", name_of(pivots.dtype()));
  ensure(pivots.shape() == batch_of(a.shape(), 1), op, ": pivots must be ", to_string(batch_of(a.shape(), 1)),
         ", but they are ", to_string(pivots.shape()));
  ensure(rows_of(a.shape()) == rows_of(b.shape()), op, ": rows of B must equal rows of LD, but LD is ",
         to_string(a.shape()), " and B is ", to_string(b.shape()));
  const Shape batch = common_batch(op, a, b);
  return apply(LdlSolve{}, in_batch(a, batch), in_batch(pivots, batch, 1), in_batch(b, batch));
}
DEEPSEEK_FACTS(linalg_ldl_solve, .in = {"linalg"}, .reference = "linalg.ldl_solve(LD, pivots, B)",
               .good = {"randn(3, 3) + 2 * eye(3), numpy.int32([1, 3, 3]), randn(3, 2)",
                        "randn(2, 2) + 2 * eye(2), numpy.int32([-2, -2]), randn(4, 2, 1)"},
               .bad = {"randn(3, 3), numpy.int32([1, 2]), randn(3, 2)",
                       "randn(3, 3), numpy.int32([1, 2, 7]), randn(3, 2)", "randn(3, 3), ints(3), randn(3, 2)",
                       "randn(3, 3), numpy.int32([1, 2, 3]), randn(2, 2)"},
               .check_grad = false, .tolerance = 1e-3);

}  // namespace deepseek
