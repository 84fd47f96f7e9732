#include <limits>

#include "deepseek/backends/cpu/lapack/least_squares.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

struct LeastSquares : KernelOp {
  static constexpr OpInfo info{.name = "lstsq", .amp = Amp::full};
  std::string driver;
  double rcond = 0;
  static constexpr auto attrs = std::tuple{&LeastSquares::driver, &LeastSquares::rcond};

  void infer(Specs in, std::vector<Spec>& out) const {
    const DType t = in[0]->dtype;
    const Shape batch = batch_of(in[0]->shape);
    const int64_t m = rows_of(in[0]->shape), n = columns_of(in[0]->shape);
    out = {{t, with_dims(batch, {n, columns_of(in[1]->shape)})},
           {DType::int64, batch},
           {t, with_dims(batch, {std::min(m, n)})}};
  }
  KernelFn prepare(KernelContext& c) const {
    for (Operand* o : {&c.inputs[0], &c.inputs[1], &c.outputs[0]}) by_columns(*o);
    return [op = *this, shape = c.inputs[0].spec.shape, dtype = c.inputs[0].spec.dtype,
            count = columns_of(c.inputs[1].spec.shape)](const KernelRun& run) {
      visit_real(dtype, [&](auto type) { op.run_all<decltype(type)>(run, shape, count); });
    };
  }
  template <class T>
  void run_all(const KernelRun& run, const Shape& shape, int64_t count) const {
    const Shape batch = batch_of(shape);
    const int64_t m = rows_of(shape), n = columns_of(shape), k = std::min(m, n), most = std::max(m, n);
    for_matrices(batch.numel(), double(m) * n * (k + count) * 4, [&](int64_t i) {
      const auto a = lapack::scratch<T>(m * n), b = lapack::scratch<T>(most * count);
      std::copy_n(static_cast<const T*>(run.inputs[0]) + i * m * n, m * n, a.get());
      check_finite("linalg.lstsq", batch, i, a.get(), m * n);
      for (int64_t j = 0; j < count; ++j)
        std::copy_n(static_cast<const T*>(run.inputs[1]) + (i * count + j) * m, m, b.get() + j * most);
      int rank = 0;
      T* s = static_cast<T*>(run.outputs[2]) + i * k;
      std::fill_n(s, k, T{0});
      if (!lapack::least_squares(driver, static_cast<int>(m), static_cast<int>(n), static_cast<int>(count), a.get(),
                                 b.get(), s, static_cast<T>(rcond), &rank))
        raise_linalg(matrix_text("linalg.lstsq", batch, i), " was not solved by ", driver,
                     ", which needs a full rank; take the driver 'gelsd'");
      for (int64_t j = 0; j < count; ++j)
        std::copy_n(b.get() + j * most, n, static_cast<T*>(run.outputs[0]) + (i * count + j) * n);
      static_cast<int64_t*>(run.outputs[1])[i] = rank;
    });
  }
  // X = A^+ B: G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
  // variables separate" (1973), for matrices whose rank does not change.
  void gradient(Grad& g) const {
    const Tensor a = g.input(0), x = g.output(0), inverse = linalg_pinv(a), to_b = product(inverse, g.grad(), true);
    g.set(1, to_b);
    if (!g.needs(0)) return;
    const Tensor outside = g.grad() - product(inverse, product(a, g.grad())), rest = g.input(1) - product(a, x);
    g.set(0, product(inverse, product(x, outside, false, true), true) +
                 product(rest, product(inverse, to_b), false, true) - product(to_b, x, false, true));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(TensorList, linalg_lstsq,
                  (const Tensor& A, const Tensor& B, std::optional<double> rcond DEFAULT(std::nullopt),
                   std::string driver DEFAULT("gelsy")),
                  "(solution, residuals, rank, singular_values) of the X with the least |A X - B|, and among these the "
                  "least |X|. B holds "
                  "vectors when it has one dim, or the shape of A without its last dim. `driver` is LAPACK's: 'gels' "
                  "needs a full rank, "
                  "'gelsy' (pivoted QR), 'gelsd' and 'gelss' (SVD) take singular values below `rcond` (the machine "
                  "precision times the "
                  "larger side) of the largest one for 0. What a driver does not find is empty: residuals (sums of "
                  "squares; of more rows than "
                  "columns and a full rank) with 'gelsy', the rank with 'gels', singular values without an SVD.") {
  constexpr std::string_view op = "linalg.lstsq";
  const Tensor a = matrices(op, A);
  ensure(driver == "gels" || driver == "gelsy" || driver == "gelsd" || driver == "gelss", op,
         ": driver must be 'gels', 'gelsy', 'gelsd' or 'gelss', but is '", driver, "'");
  const bool vector = B.rank() == 1 || (B.rank() + 1 == a.rank() && B.shape() == batch_of(a.shape(), 1));
  const Tensor b = matrices(op, vector ? unsqueeze(B, -1) : B, "B");
  check_same_type(op, a, "A", b, "B");
  const int64_t m = rows_of(a.shape()), n = columns_of(a.shape());
  ensure(m == rows_of(b.shape()), op, ": rows of B must equal rows of A, but A is ", to_string(a.shape()), " and B is ",
         to_string(B.shape()));
  const Shape batch = common_batch(op, a, b);
  const double precision =
      a.dtype() == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  LeastSquares kernel;
  kernel.driver = driver, kernel.rcond = rcond.value_or(precision * static_cast<double>(std::max(m, n)));
  const Tensor all = in_batch(a, batch), wanted = in_batch(b, batch);
  const TensorList r = apply_many(kernel, {all, wanted});
  const bool spectral = driver == "gelsd" || driver == "gelss";
  // Whether there are residuals depends on the ranks, as in torch.
  const bool full = m > n && driver != "gelsy" && (!spectral || (r[1].numel() > 0 && amin(r[1]).item<int64_t>() == n));
  const Tensor none = empty({0}, a.dtype()), rest = product(all, r[0]) - wanted;
  return {vector ? squeeze(r[0], {-1}) : r[0], full ? sum(rest * rest, {-2}) : none,
          driver == "gels" ? empty({0}, DType::int64) : r[1], spectral ? r[2] : none};
}
DEEPSEEK_FACTS(linalg_lstsq, .in = {"linalg"}, .reference = "linalg.lstsq(A, B, rcond, driver)",
               .good = {"randn(4, 3), randn(4, 2)", "randn(3, 4), randn(3, 2)", "randn(4, 3), randn(4)",
                        "randn(2, 4, 3), randn(2, 4)", "randn(2, 4, 3), randn(2, 4, 2), driver='gels'",
                        "randn(3, 5), randn(2, 3, 1), driver='gelsd'", "randn(5, 3), randn(5, 1), driver='gelss'",
                        "randn(6, 2) @ randn(2, 4), randn(6, 1), 1e-3, driver='gelsd'", "randn(3, 0), randn(3, 2)",
                        "randn(0, 3), randn(0, 2)"},
               .bad = {"randn(3, 2), randn(2, 2)", "randn(3), randn(3)", "ints(3, 2), randn(3, 1)",
                       "randn(3, 2), randn(3, 1), driver='gelsx'", "eye(4)[:3, 2:], full((3, 1), 1), driver='gels'"},
               .check_grad = false, .tolerance = 1e-3);

}  // namespace deepseek
