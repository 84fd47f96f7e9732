#include "deepseek/backends/cpu/lapack/spectral.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {
namespace {

// Matrices lie by rows, which is A^T = V S U^T by columns: its left factor by columns is Vh by rows, its right one U.
template <class T>
void decompose(const std::string& op, const Shape& shape, const T* in, T* s, T* u, T* vh, bool full) {
  const Shape batch = batch_of(shape);
  const int m = static_cast<int>(rows_of(shape)), n = static_cast<int>(columns_of(shape)), k = std::min(m, n);
  const int64_t size = int64_t{m} * n, u_size = int64_t{m} * (full ? m : k), v_size = int64_t{n} * (full ? n : k);
  for_matrices(batch.numel(), double(size) * k * 10, [&](int64_t i) {
    check_finite(op, batch, i, in + i * size, size);
    const auto a = lapack::scratch<T>(size);
    std::copy_n(in + i * size, size, a.get());
    const bool ok =
        lapack::svd(n, m, a.get(), s + i * k, vh ? vh + i * v_size : nullptr, u ? u + i * u_size : nullptr, full);
    if (!ok) raise_linalg(matrix_text(op, batch, i), " has singular values that the iteration did not find");
  });
}

struct Svd : KernelOp {
  static constexpr OpInfo info{.name = "svd", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  bool full = false;
  std::string name;
  static constexpr auto attrs = std::tuple{&Svd::full, &Svd::name};

  void infer(Specs in, std::vector<Spec>& out) const {
    const DType t = in[0]->dtype;
    const Shape batch = batch_of(in[0]->shape);
    const int64_t m = rows_of(in[0]->shape), n = columns_of(in[0]->shape), k = std::min(m, n);
    out = {
        {t, with_dims(batch, {m, full ? m : k})}, {t, with_dims(batch, {k})}, {t, with_dims(batch, {full ? n : k, n})}};
  }
  void cpu(const KernelArgs& a) const {
    visit_real(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      decompose<T>(name, a.in_spec(0).shape, a.in<T>(0), a.out<T>(1), a.out<T>(0), a.out<T>(2), full);
    });
  }
  // J. Townsend, "Differentiating the singular value decomposition" (2016). Columns beyond the k first are determined
  // up to rotations among themselves; what they share with the first ones gives the last term.
  void gradient(Grad& g) const {
    const int64_t k = g.output_spec(1).shape.back(), m = rows_of(g.input_spec().shape),
                  n = columns_of(g.input_spec().shape);
    const Tensor u = narrow(g.output(0), -1, 0, k), s = g.output(1), v = mT(narrow(g.output(2), -2, 0, k));
    Tensor inner = diag_embed(g.grad(1)), result;
    if (g.has_grad(0) || g.has_grad(2)) {
      const Tensor squares = s * s, one = identity_like(s, k, k);
      const Tensor gaps = unsqueeze(squares, -2) - unsqueeze(squares, -1) + one;
      const Tensor to_u = narrow(g.grad(0), -1, 0, k), to_v = mT(narrow(g.grad(2), -2, 0, k));
      const Tensor of_u = product(u, to_u, true), of_v = product(v, to_v, true);
      inner = inner + column_scaled((of_u - mT(of_u)) / gaps, s) + row_scaled((of_v - mT(of_v)) / gaps, s);
      if (m > k && g.has_grad(0))
        result = product(column_scaled(beyond(u, to_u, g.output(0), g.grad(0), k), reciprocal(s)), v, false, true);
      if (n > k && g.has_grad(2))
        result =
            product(u, column_scaled(beyond(v, to_v, mT(g.output(2)), mT(g.grad(2)), k), reciprocal(s)), false, true);
    }
    const Tensor inside = product(product(u, inner), v, false, true);
    g.set(0, result.defined() ? inside + result : inside);
  }
  static Tensor beyond(const Tensor& first, const Tensor& to_first, const Tensor& all, const Tensor& to_all,
                       int64_t k) {
    const Tensor outside = to_first - product(first, product(first, to_first, true));
    const int64_t others = columns_of(all.shape()) - k;
    if (others == 0) return outside;
    return outside - product(narrow(all, -1, k, others), product(narrow(to_all, -1, k, others), first, true));
  }
};

struct SingularValues : KernelOp {
  static constexpr OpInfo info{.name = "svdvals", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  std::string name;
  static constexpr auto attrs = std::tuple{&SingularValues::name};

  Spec infer(const Spec& in) const {
    return {in.dtype, with_dims(batch_of(in.shape), {std::min(rows_of(in.shape), columns_of(in.shape))})};
  }
  void cpu(const KernelArgs& a) const {
    visit_real(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      decompose<T>(name, a.in_spec(0).shape, a.in<T>(0), a.out<T>(), nullptr, nullptr, false);
    });
  }
  void gradient(Grad& g) const {
    const TensorList f = singular_factors(name, g.input(), false);
    g.set(0, product(column_scaled(f[0], g.grad()), f[2]));
  }
};

void check_driver(std::string_view op, const std::string& driver) {
  ensure(driver.empty(), op, ": driver chooses among algorithms of GPUs; leave it out, it is '", driver, "'");
}

}  // namespace

TensorList singular_factors(std::string_view op, const Tensor& a, bool full) {
  Svd svd;
  svd.full = full, svd.name = op;
  return apply_many(svd, {a});
}
Tensor singular_values(std::string_view op, const Tensor& a) {
  // The gradient needs the vectors: better at once than a second decomposition.
  if (a.requires_grad() && modes.grad) return singular_factors(op, a, false)[1];
  SingularValues values;
  values.name = op;
  return apply(values, a);
}

DEEPSEEK_FUNCTION(
    TensorList, linalg_svd, (const Tensor& A, bool full_matrices DEFAULT(true), std::string driver DEFAULT("")),
    "(U, S, Vh) with A = U diag(S) Vh: U and Vh orthogonal, S descending. Unless `full_matrices`, U and Vh keep only "
    "the "
    "vectors that belong to S. The signs of the vectors are open. The gradient needs singular values that differ.") {
  const Tensor a = matrices("linalg.svd", A);
  check_driver("linalg.svd", driver);
  return singular_factors("linalg.svd", a, full_matrices);
}
DEEPSEEK_FACTS(linalg_svd, .in = {"linalg"}, .reference = "numpy.linalg.svd(A, full_matrices)",
               .good = {"randn(3, 3)", "randn(2, 5, 3), full_matrices=False", "randn(3, 5), False", "randn(2, 3, 5)",
                        "randn(0, 3)", "randn(3, 0), False", "randn(0, 2, 2)", "randn(40, 30), False"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(2, 2), driver='gesvdj'", "full((2, 2), nan)"},
               .check_grad = false, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(TensorList, svd, (const Tensor& input, bool some DEFAULT(true), bool compute_uv DEFAULT(true)),
                  "(U, S, V) with `input` = U diag(S) V^T; with square U and V unless `some`. Without `compute_uv` U "
                  "and V are zeros.") {
  const Tensor a = matrices("svd", input, "input");
  if (!compute_uv) {
    const int64_t m = rows_of(a.shape()), n = columns_of(a.shape());
    const Shape batch = batch_of(a.shape());
    return {zeros(with_dims(batch, {m, m}), a.dtype()), singular_values("svd", a),
            zeros(with_dims(batch, {n, n}), a.dtype())};
  }
  const TensorList f = singular_factors("svd", a, !some);
  return {f[0], f[1], mT(f[2])};
}
DEEPSEEK_FACTS(svd, .in = {"method"}, .reference = "linalg.svd(input, some, compute_uv)",
               .good = {"randn(4, 3)", "randn(3, 4), some=False", "randn(2, 3), compute_uv=False"},
               .bad = {"randn(3)", "ints(2, 2)"}, .check_grad = false, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, linalg_svdvals, (const Tensor& A, std::string driver DEFAULT("")),
                  "The singular values of matrices, descending.") {
  check_driver("linalg.svdvals", driver);
  return singular_values("linalg.svdvals", matrices("linalg.svdvals", A));
}
DEEPSEEK_FACTS(linalg_svdvals, .in = {"linalg"}, .reference = "numpy.linalg.svd(A, compute_uv=False)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(3, 5)", "randn(0, 3)"},
               .bad = {"randn(3)", "ints(2, 2)", "full((2, 2), inf)"}, .tolerance = 1e-4);

}  // namespace deepseek
