#include "deepseek/backends/cpu/lapack/spectral.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {
namespace {

template <class T>
void decompose(const std::string& op, const Shape& shape, bool upper, const T* in, T* values, T* vectors) {
  const Shape batch = batch_of(shape);
  const int n = static_cast<int>(columns_of(shape));
  const int64_t size = int64_t{n} * n;
  for_matrices(batch.numel(), double(size) * n * 9, [&](int64_t i) {
    const auto own = vectors ? nullptr : lapack::scratch<T>(size);
    T* a = vectors ? vectors + i * size : own.get();
    std::copy_n(in + i * size, size, a);
    // The triangle that counts, seen from the other side: by rows the upper one is the lower one by columns.
    for (int64_t r = 0; r < n; ++r) {
      const int64_t first = upper ? r : 0, last = upper ? n : r + 1;
      check_finite(op, batch, i, a + r * n + first, last - first);
    }
    if (!lapack::eigh(n, upper ? 'L' : 'U', a, values + i * n, vectors != nullptr))
      raise_linalg(matrix_text(op, batch, i), " has eigenvalues that the iteration did not find");
  });
}

struct Eigh : KernelOp {
  static constexpr OpInfo info{.name = "eigh", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  bool upper = false;
  std::string name;
  static constexpr auto attrs = std::tuple{&Eigh::upper, &Eigh::name};

  void infer(Specs in, std::vector<Spec>& out) const { out = {{in[0]->dtype, batch_of(in[0]->shape, 1)}, *in[0]}; }
  KernelFn prepare(KernelContext& c) const {
    by_rows(c.inputs[0]), by_columns(c.outputs[1]);
    c.may_alias = {{1, 0}};
    return [op = *this, spec = c.inputs[0].spec](const KernelRun& run) {
      visit_real(spec.dtype, [&](auto type) {
        using T = decltype(type);
        decompose<T>(op.name, spec.shape, op.upper, static_cast<const T*>(run.inputs[0]),
                     static_cast<T*>(run.outputs[0]), static_cast<T*>(run.outputs[1]));
      });
    };
  }
  // M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
  // (2008), 3.1.
  void gradient(Grad& g) const {
    const Tensor values = g.output(0), v = g.output(1);
    Tensor inner = diag_embed(g.grad(0));
    if (g.has_grad(1)) {
      const int64_t n = values.shape().back();
      const Tensor one = identity_like(values, n, n), turn = product(v, g.grad(1), true);
      inner = inner + turn * (1.0 - one) / (unsqueeze(values, -2) - unsqueeze(values, -1) + one);
    }
    g.set(0, product(product(v, inner), v, false, true));
  }
};

struct Eigenvalues : KernelOp {
  static constexpr OpInfo info{.name = "eigvalsh", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  bool upper = false;
  std::string name;
  static constexpr auto attrs = std::tuple{&Eigenvalues::upper, &Eigenvalues::name};

  Spec infer(const Spec& in) const { return {in.dtype, batch_of(in.shape, 1)}; }
  void cpu(const KernelArgs& a) const {
    visit_real(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      decompose<T>(name, a.in_spec(0).shape, upper, a.in<T>(0), a.out<T>(), nullptr);
    });
  }
  void gradient(Grad& g) const {
    const Tensor v = eigen_factors(name, g.input(), upper)[1];
    g.set(0, product(column_scaled(v, g.grad()), v, false, true));
  }
};

bool is_upper(std::string_view op, const std::string& UPLO) {
  ensure(UPLO == "L" || UPLO == "U" || UPLO == "l" || UPLO == "u", op, ": UPLO must be 'L' or 'U', but is '", UPLO,
         "'");
  return UPLO == "U" || UPLO == "u";
}

}  // namespace

TensorList eigen_factors(std::string_view op, const Tensor& a, bool upper) {
  Eigh eigh;
  eigh.upper = upper, eigh.name = op;
  return apply_many(eigh, {a});
}
Tensor eigenvalues(std::string_view op, const Tensor& a, bool upper) {
  // The gradient needs the vectors: better at once than a second decomposition.
  if (a.requires_grad() && modes.grad) return eigen_factors(op, a, upper)[0];
  Eigenvalues values;
  values.upper = upper, values.name = op;
  return apply(values, a);
}

DEEPSEEK_FUNCTION(TensorList, linalg_eigh, (const Tensor& A, std::string UPLO DEFAULT("L")),
                  "(L, Q) with A = Q diag(L) Q^T for symmetric matrices, of which the lower triangle is read, with "
                  "UPLO 'U' the upper: "
                  "eigenvalues ascending, eigenvectors as the columns of Q. Their signs are open. The gradient needs "
                  "eigenvalues that "
                  "differ.") {
  const Tensor a = square_matrices("linalg.eigh", A);
  return eigen_factors("linalg.eigh", a, is_upper("linalg.eigh", UPLO));
}
DEEPSEEK_FACTS(linalg_eigh, .in = {"linalg"}, .reference = "numpy.linalg.eigh(A, UPLO)",
               .good = {"randn(3, 3)", "randn(2, 4, 4), 'U'", "randn(0, 0)", "randn(0, 2, 2)", "randn(1, 1)",
                        "randn(40, 40)", "randn(300, 300), 'U'"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "randn(2, 2), 'X'", "full((2, 2), nan)"},
               .check_grad = false, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, linalg_eigvalsh, (const Tensor& A, std::string UPLO DEFAULT("L")),
                  "The eigenvalues of symmetric matrices, ascending; `UPLO` as for `eigh`.") {
  const Tensor a = square_matrices("linalg.eigvalsh", A);
  return eigenvalues("linalg.eigvalsh", a, is_upper("linalg.eigvalsh", UPLO));
}
DEEPSEEK_FACTS(linalg_eigvalsh, .in = {"linalg"}, .reference = "numpy.linalg.eigvalsh(A, UPLO)",
               .good = {"randn(3, 3)", "randn(2, 4, 4), 'U'", "randn(0, 0)", "randn(300, 300)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "randn(2, 2), 'X'", "full((2, 2), inf)"},
               .check_grad = false, .tolerance = 1e-4);

}  // namespace deepseek
