#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

struct Cholesky : KernelOp {
  static constexpr OpInfo info{.name = "cholesky", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  bool upper = false;
  std::string checked;
  static constexpr auto attrs = std::tuple{&Cholesky::upper, &Cholesky::checked};

  void infer(Specs in, std::vector<Spec>& out) const { out = {*in[0], {DType::int32, batch_of(in[0]->shape)}}; }
  KernelFn prepare(KernelContext& c) const {
    // What lies by rows is the transposed matrix by columns: U^T U there is L L^T here.
    for (Operand* o : {&c.inputs[0], &c.outputs[0]}) upper ? by_columns(*o) : by_rows(*o);
    c.may_alias = {{0, 0}};
    return [spec = c.inputs[0].spec, name = checked](const KernelRun& run) {
      visit_real(spec.dtype, [&](auto type) {
        using T = decltype(type);
        const Shape batch = batch_of(spec.shape);
        const int64_t n = columns_of(spec.shape);
        for_matrices(batch.numel(), double(n) * n * n / 3, [&](int64_t i) {
          T* a = static_cast<T*>(run.outputs[0]) + i * n * n;
          copy_matrix(a, static_cast<const T*>(run.inputs[0]) + i * n * n, n * n);
          const int bad = lapack::cholesky(static_cast<int>(n), a);
          if (bad > 0 && !name.empty())
            raise_linalg(matrix_text(name, batch, i), " is not positive definite: its leading minor of order ", bad,
                         " is not positive");
          for (int64_t column = 0; column < n; ++column)
            std::fill(a + column * n + column + 1, a + (column + 1) * n, T{0});
          static_cast<int32_t*>(run.outputs[1])[i] = bad;
        });
      });
    };
  }
  // I. Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 10; symmetric, as in torch.
  void gradient(Grad& g) const {
    const Tensor l = upper ? mT(g.output()) : g.output(), grad = upper ? mT(g.grad()) : g.grad();
    const Tensor inner = tril(product(l, grad, true)), symmetric = 0.5 * (inner + mT(tril(inner, -1)));
    const Tensor half = triangular_solved(l, symmetric, false, true, false, true);
    g.set(0, triangular_solved(l, half, false, false, false, false));
  }
};

TensorList factors_of(const std::string& op, const Tensor& a, bool upper, bool check) {
  Cholesky cholesky;
  cholesky.upper = upper;
  if (check) cholesky.checked = op;
  return apply_many(cholesky, {square_matrices(op, a, op == "cholesky" ? "input" : "A")});
}

Tensor solved_by(const std::string& op, const Tensor& b, const Tensor& l, bool upper) {
  const Shape batch = common_batch(op, l, b);
  const Tensor factor = in_batch(l, batch);
  return triangular_solved(factor, triangular_solved(factor, in_batch(b, batch), upper, true, false, upper), upper,
                           true, false, !upper);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_cholesky, (const Tensor& A, bool upper DEFAULT(false)),
                  "L with A = L L^T for symmetric positive definite matrices, or the upper U with A = U^T U; only that "
                  "triangle of `A` "
                  "is read. Other matrices are refused when it is computed.") {
  return factors_of("linalg.cholesky", A, upper, true)[0];
}
DEEPSEEK_FACTS(linalg_cholesky, .in = {"linalg"}, .reference = "linalg.cholesky(A, upper)",
               .good = {"4 * eye(3) + rand(3, 3)", "4 * eye(3) + rand(2, 3, 3), upper=True", "randn(0, 0)",
                        "randn(2, 0, 0)", "20 * eye(20) + rand(20, 20)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "-eye(2)", "full((2, 3, 3), 0)"}, .check_grad = false);

DEEPSEEK_FUNCTION(TensorList, linalg_cholesky_ex,
                  (const Tensor& A, bool upper DEFAULT(false), bool check_errors DEFAULT(false)),
                  "(L, info) as `cholesky`, but a matrix that is not positive definite is no error unless "
                  "`check_errors`: info is the "
                  "order of its first leading minor that is not positive, or 0.") {
  return factors_of("linalg.cholesky_ex", A, upper, check_errors);
}
DEEPSEEK_FACTS(linalg_cholesky_ex, .in = {"linalg"},
               .reference = "(linalg.cholesky(A, upper), numpy.zeros(A.shape[:-2], numpy.int32))",
               .good = {"4 * eye(3) + rand(2, 3, 3)"}, .bad = {"randn(3)", "-eye(2), check_errors=True"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, cholesky, (const Tensor& input, bool upper DEFAULT(false)),
                  "The same as `linalg.cholesky`.") {
  return factors_of("cholesky", input, upper, true)[0];
}
DEEPSEEK_FACTS(cholesky, .in = {"method"}, .reference = "linalg.cholesky(input, upper)",
               .good = {"4 * eye(3) + rand(3, 3)"}, .bad = {"randn(3, 2)", "-eye(2)"}, .check_grad = false);

DEEPSEEK_FUNCTION(
    Tensor, cholesky_solve, (const Tensor& input, const Tensor& input2, bool upper DEFAULT(false)),
    "X with A X = `input`, where `input2` is the factor of A by `linalg.cholesky`: L, or U with `upper`.") {
  const Tensor l = square_matrices("cholesky_solve", input2, "input2"), b = matrices("cholesky_solve", input, "input");
  check_same_type("cholesky_solve", b, "input", l, "input2");
  ensure(rows_of(b.shape()) == rows_of(l.shape()),
         "cholesky_solve: rows of input must equal rows of input2, but input is ", to_string(b.shape()),
         " and input2 is ", to_string(l.shape()));
  return solved_by("cholesky_solve", b, l, upper);
}
DEEPSEEK_FACTS(cholesky_solve, .in = {"method"}, .reference = "linalg.cholesky_solve(input, input2, upper)",
               .good = {"randn(3, 2), rand(3, 3) + 2 * eye(3)", "randn(3, 2), rand(2, 3, 3) + 2 * eye(3), upper=True",
                        "randn(2, 1, 3, 2), rand(4, 3, 3) + 2 * eye(3)", "randn(0, 2), randn(0, 0)"},
               .bad = {"randn(3), randn(3, 3)", "randn(2, 2), randn(3, 3)", "ints(3, 2), randn(3, 3)"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, cholesky_inverse, (const Tensor& input, bool upper DEFAULT(false)),
                  "The inverse of A, where `input` is its factor by `linalg.cholesky`: L, or U with `upper`.") {
  const Tensor l = square_matrices("cholesky_inverse", input, "input");
  return solved_by("cholesky_inverse", identity_like(l, rows_of(l.shape()), rows_of(l.shape())), l, upper);
}
DEEPSEEK_FACTS(cholesky_inverse, .in = {"method"},
               .reference = "linalg.cholesky_solve(numpy.eye(input.shape[-1]), input, upper)",
               .good = {"rand(3, 3) + 2 * eye(3)", "rand(2, 3, 3) + 2 * eye(3), upper=True", "randn(0, 0)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)"}, .tolerance = 1e-4);

}  // namespace deepseek
