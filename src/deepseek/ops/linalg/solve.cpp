#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

// a x = b from the factors of a. As a function it depends on a and b alone: the factors carry no gradient, so second
// derivatives need nothing but this op.
struct SolveFactored : KernelOp {
  static constexpr OpInfo info{.name = "solve", .amp = Amp::full};
  bool transpose = false;
  static constexpr auto attrs = std::tuple{&SolveFactored::transpose};

  Spec infer(Specs in) const { return *in[3]; }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[1]), by_columns(c.inputs[3]), by_columns(c.outputs[0]);
    by_rows(c.inputs[2]);
    c.may_alias = {{0, 3}};
    return
        [shape = c.inputs[3].spec.shape, dtype = c.inputs[3].spec.dtype, transpose = transpose](const KernelRun& run) {
          visit_real(dtype, [&](auto type) {
            using T = decltype(type);
            const int64_t n = rows_of(shape), count = columns_of(shape);
            if (n * count == 0) return;
            for_matrices(batch_of(shape).numel(), double(n) * n * count, [&](int64_t i) {
              T* x = static_cast<T*>(run.outputs[0]) + i * n * count;
              copy_matrix(x, static_cast<const T*>(run.inputs[3]) + i * n * count, n * count);
              lapack::lu_solve(transpose, static_cast<int>(n), static_cast<int>(count),
                               static_cast<const T*>(run.inputs[1]) + i * n * n,
                               static_cast<const int*>(run.inputs[2]) + i * n, x);
            });
          });
        };
  }
  // M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
  // (2008), 2.3.1.
  void gradient(Grad& g) const {
    const Tensor b = apply(SolveFactored{.transpose = !transpose}, g.input(0), g.input(1), g.input(2), g.grad());
    if (g.needs(0)) g.set(0, transpose ? -product(g.output(), b, false, true) : -product(b, g.output(), false, true));
    if (g.needs(3)) g.set(3, b);
  }
};

struct Inverse : KernelOp {
  static constexpr OpInfo info{.name = "inv", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  std::string checked;  // the op that errors name; empty: a singular matrix is told by the second output only
  static constexpr auto attrs = std::tuple{&Inverse::checked};

  void infer(Specs in, std::vector<Spec>& out) const { out = {*in[0], {DType::int32, batch_of(in[0]->shape)}}; }
  void cpu(const KernelArgs& args) const {
    visit_real(args.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      const Shape batch = batch_of(args.in_spec(0).shape);
      const int n = static_cast<int>(columns_of(args.in_spec(0).shape));
      const int64_t size = int64_t{n} * n;
      // The inverse of the transposed matrix is the transposed inverse: the order in memory does not matter.
      for_matrices(batch.numel(), double(size) * n * 2, [&](int64_t i) {
        const auto a = lapack::scratch<T>(size);
        const auto pivots = lapack::scratch<int>(n);
        std::copy_n(args.in<T>(0) + i * size, size, a.get());
        const int bad = n == 0 ? 0 : lapack::lu(n, n, a.get(), pivots.get());
        args.out<int32_t>(1)[i] = bad;
        if (bad > 0 && !checked.empty()) raise_singular(checked, batch, i, 'U', bad);
        T* x = args.out<T>(0) + i * size;
        std::fill_n(x, size, T{0});
        for (int d = 0; d < n; ++d) x[int64_t{d} * n + d] = 1;
        if (n > 0) lapack::lu_solve(false, n, n, a.get(), pivots.get(), x);
      });
    });
  }
  void gradient(Grad& g) const {  // Giles (2008), 2.2.3
    g.set(0, -product(product(g.output(), g.grad(), true, false), g.output(), false, true));
  }
};

TensorList solve_ex(const std::string& op, const Tensor& A, const Tensor& B, bool left, bool check) {
  const Tensor a = square_matrices(op, A);
  // As in torch: B holds vectors when it has one dim, or the shape of A without its last dim.
  const bool vector = B.rank() == 1 || (B.rank() + 1 == a.rank() && B.shape() == batch_of(a.shape(), 1));
  ensure(left || !vector, op, ": left=False needs matrices in B, but B is ", to_string(B.shape()), " and A ",
         to_string(a.shape()));
  const Tensor b = matrices(op, vector ? unsqueeze(B, -1) : B, "B");
  check_same_type(op, a, "A", b, "B");
  const int64_t n = columns_of(a.shape());
  ensure(n == (left ? rows_of(b.shape()) : columns_of(b.shape())), op, ": ", left ? "rows" : "columns",
         " of B must equal rows of A, but A is ", to_string(a.shape()), " and B is ", to_string(B.shape()));
  const Shape batch = common_batch(op, a, b);
  const TensorList factors = lu_factors(a.detach(), check ? op : "");
  const Tensor lu = in_batch(factors[0], batch), pivots = in_batch(factors[1], batch, 1);
  const Tensor wanted = in_batch(left ? b : mT(b), batch);
  const Tensor x = apply(SolveFactored{.transpose = !left}, in_batch(a, batch), lu, pivots, wanted);
  return {vector ? squeeze(x, {-1}) : left ? x : mT(x), factors[2]};
}

}  // namespace

TensorList inverses(const Tensor& a, const std::string& checked) {
  Inverse op;
  op.checked = checked;
  return apply_many(op, {a});
}

DEEPSEEK_FUNCTION(
    Tensor, linalg_solve, (const Tensor& A, const Tensor& B, bool left DEFAULT(true)),
    "X with A X = B, or X A = B unless `left`, for square matrices. B holds vectors when it has one dim, or the shape "
    "of A without its last dim. A singular matrix is refused when it is computed.") {
  return solve_ex("linalg.solve", A, B, left, true)[0];
}
DEEPSEEK_FACTS(linalg_solve, .in = {"linalg"}, .reference = "linalg.solve(A, B, left)",
               .good = {"randn(3, 3) + 2 * eye(3), randn(3)", "randn(3, 3) + 2 * eye(3), randn(3, 2)",
                        "randn(2, 3, 3) + 2 * eye(3), randn(2, 3)", "randn(2, 3, 3) + 4 * eye(3), randn(3, 4)",
                        "randn(3, 3) + 2 * eye(3), randn(2, 4, 3), left=False", "randn(0, 0), randn(0, 2)",
                        "randn(0, 3, 3), randn(0, 3, 1)", "randn(2, 1, 2, 2) + 2 * eye(2), randn(3, 2, 2)"},
               .bad = {"randn(3, 2), randn(3)", "randn(3, 3), randn(2)", "ints(3, 3), randn(3)",
                       "randn(3, 3) * 0, randn(3)", "randn(3, 3), randn(2, 3)", "randn(3, 3), randn(3), left=False",
                       "randn(3), randn(3)"},
               .tolerance = 2e-4);

DEEPSEEK_FUNCTION(
    TensorList, linalg_solve_ex,
    (const Tensor& A, const Tensor& B, bool left DEFAULT(true), bool check_errors DEFAULT(false)),
    "(X, info) as `solve`, but a singular matrix is no error unless `check_errors`: info is the number of its first "
    "zero pivot, counted from 1, or 0.") {
  return solve_ex("linalg.solve_ex", A, B, left, check_errors);
}
DEEPSEEK_FACTS(linalg_solve_ex, .in = {"linalg"},
               .reference = "(linalg.solve(A, B, left), numpy.zeros(A.shape[:-2], numpy.int32))",
               .good = {"randn(3, 3) + 2 * eye(3), randn(3, 2)"},
               .bad = {"randn(3, 2), randn(3)", "randn(2, 2) * 0, randn(2), check_errors=True"}, .tolerance = 2e-4);

DEEPSEEK_FUNCTION(
    Tensor, linalg_inv, (const Tensor& A),
    "The inverses of square matrices. A singular matrix is refused when it is computed. To multiply with an inverse, "
    "`solve` is faster and more exact.") {
  return inverses(square_matrices("linalg.inv", A), "linalg.inv")[0];
}
DEEPSEEK_FACTS(linalg_inv, .in = {"linalg"}, .reference = "numpy.linalg.inv(A)",
               .good = {"randn(3, 3) + 2 * eye(3)", "randn(2, 1, 4, 4) + 2 * eye(4)", "randn(0, 0)", "randn(0, 2, 2)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "randn(3, 3) * 0"}, .tolerance = 2e-4);

DEEPSEEK_FUNCTION(TensorList, linalg_inv_ex, (const Tensor& A, bool check_errors DEFAULT(false)),
                  "(inverse, info) as `inv`, but a singular matrix is no error unless `check_errors`: info is the "
                  "number of its first "
                  "zero pivot, counted from 1, or 0.") {
  return inverses(square_matrices("linalg.inv_ex", A), check_errors ? "linalg.inv_ex" : "");
}
DEEPSEEK_FACTS(linalg_inv_ex, .in = {"linalg"},
               .reference = "(numpy.linalg.inv(A), numpy.zeros(A.shape[:-2], numpy.int32))",
               .good = {"randn(2, 3, 3) + 2 * eye(3)"}, .bad = {"randn(3, 2)", "randn(2, 2) * 0, check_errors=True"},
               .tolerance = 2e-4);

DEEPSEEK_FUNCTION(Tensor, inverse, (const Tensor& input), "The same as `linalg.inv`.") {
  return linalg_inv(input);
}
DEEPSEEK_FACTS(inverse, .in = {"method"}, .reference = "numpy.linalg.inv(input)", .good = {"randn(3, 3) + 2 * eye(3)"},
               .bad = {"randn(3, 2)"}, .tolerance = 2e-4);

}  // namespace deepseek
