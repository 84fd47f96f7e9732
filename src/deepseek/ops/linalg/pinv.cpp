#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

// A composite for the sake of its gradient, which does not need that singular values differ.
struct PseudoInverse : Composite {
  static constexpr OpInfo info{.name = "pinv", .amp = Amp::full};
  bool hermitian = false;
  std::string name;
  static constexpr auto attrs = std::tuple{&PseudoInverse::hermitian, &PseudoInverse::name};

  Spec infer(const Spec& a, const Spec&, const Spec&) const {
    return {a.dtype, with_dims(batch_of(a.shape), {columns_of(a.shape), rows_of(a.shape)})};
  }
  Tensor expand(const Tensor& a, const Tensor& atol, const Tensor& rtol) const {
    const TensorList f = hermitian ? eigen_factors(name, a, false) : singular_factors(name, a, false);
    const Tensor s = f[hermitian ? 0 : 1], size = abs(s);
    const Tensor least = maximum(unsqueeze(atol, -1), unsqueeze(rtol, -1) * amax(size, {-1}, true));
    const Tensor inverted = where(size > least, reciprocal(s), filled_like(s, 0));
    if (hermitian) return product(column_scaled(f[1], inverted), f[1], false, true);
    return product(row_scaled(f[2], inverted), f[0], true, true);
  }
  // G. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
  // separate" (1973), for matrices whose rank does not change.
  void gradient(Grad& g) const {
    const Tensor a = g.input(), p = g.output(), grad = g.grad();
    const Tensor right = grad - product(product(grad, a), p), left = grad - product(p, product(a, grad));
    g.set(0, product(p, product(p, left, false, true), true) + product(product(right, p, true), p, false, true) -
                 product(product(p, grad, true), p, false, true));
  }
};

struct Tolerances {
  Tensor absolute, relative;
};

// As in torch: the machine precision times the larger side, unless a tolerance is given.
Tolerances tolerances(std::string_view op, const Tensor& a, const std::optional<Tensor>& atol,
                      const std::optional<Tensor>& rtol) {
  const double precision =
      a.dtype() == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const double usual = precision * static_cast<double>(std::max(rows_of(a.shape()), columns_of(a.shape())));
  const Shape batch = batch_of(a.shape());
  const auto of = [&](const std::optional<Tensor>& given, std::string_view name, double otherwise) {
    if (!given) return full(batch, Tensor(otherwise), a.dtype());
    ensure(broadcastable_to(given->shape(), batch), op, ": ", name, " must broadcast to ", to_string(batch),
           ", but is ", to_string(given->shape()));
    return broadcast_to(to(*given, a.dtype()), batch);
  };
  const Tensor absolute = of(atol, "atol", 0);
  if (rtol || !atol) return {absolute, of(rtol, "rtol", usual)};
  const Tensor none = filled_like(absolute, 0);
  return {absolute, where(absolute > none, none, filled_like(absolute, usual))};
}

Tensor pseudo_inverse(const std::string& op, const Tensor& a, const std::optional<Tensor>& atol,
                      const std::optional<Tensor>& rtol, bool hermitian) {
  if (rows_of(a.shape()) == 0 || columns_of(a.shape()) == 0)
    return zeros(with_dims(batch_of(a.shape()), {columns_of(a.shape()), rows_of(a.shape())}), a.dtype());
  const Tolerances t = tolerances(op, a, atol, rtol);
  PseudoInverse inverse;
  inverse.hermitian = hermitian, inverse.name = op;
  return apply(inverse, a, t.absolute.detach(), t.relative.detach());
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_pinv,
                  (const Tensor& A, std::optional<Tensor> atol DEFAULT(std::nullopt),
                   std::optional<Tensor> rtol DEFAULT(std::nullopt), bool hermitian DEFAULT(false)),
                  "The Moore-Penrose inverses of matrices. Singular values up to the larger of `atol` and `rtol` times "
                  "the largest one count as "
                  "0; rtol is the machine precision times the larger side when neither is given. `hermitian` says that "
                  "the matrices are "
                  "symmetric, which is faster.") {
  const Tensor a = hermitian ? square_matrices("linalg.pinv", A) : matrices("linalg.pinv", A);
  return pseudo_inverse("linalg.pinv", a, atol, rtol, hermitian);
}
DEEPSEEK_FACTS(linalg_pinv, .in = {"linalg"}, .reference = "linalg.pinv(A, atol, rtol, hermitian)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(3, 5)", "randn(4, 1) @ randn(1, 3), rtol=1e-4",
                        "randn(3, 4), atol=0.5", "randn(0, 3)", "randn(2, 3, 0)"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(3, 2), hermitian=True", "randn(2, 3, 3), rtol=full(3, 1)"},
               .check_grad = false, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, pinverse, (const Tensor& input, double rcond DEFAULT(1e-15)),
                  "`linalg.pinv` with rtol = `rcond`.") {
  return pseudo_inverse("pinverse", matrices("pinverse", input, "input"), std::nullopt, Tensor(rcond), false);
}
DEEPSEEK_FACTS(pinverse, .in = {"method"}, .reference = "linalg.pinv(input, None, rcond, False)",
               .good = {"randn(4, 3)"}, .bad = {"randn(3)"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, linalg_matrix_rank,
                  (const Tensor& A, std::optional<Tensor> atol DEFAULT(std::nullopt),
                   std::optional<Tensor> rtol DEFAULT(std::nullopt), bool hermitian DEFAULT(false)),
                  "How many singular values of each matrix are larger than the tolerance, which is that of `pinv`.") {
  constexpr const char* op = "linalg.matrix_rank";
  const Tensor a = (hermitian ? square_matrices(op, A) : matrices(op, A)).detach();
  if (rows_of(a.shape()) == 0 || columns_of(a.shape()) == 0) return zeros(batch_of(a.shape()), DType::int64);
  const Tensor s = hermitian ? abs(eigenvalues(op, a, false)) : singular_values(op, a);
  const Tolerances t = tolerances(op, a, atol, rtol);
  return sum(s > unsqueeze(maximum(t.absolute, t.relative * amax(s, {-1})), -1), {-1});
}
DEEPSEEK_FACTS(linalg_matrix_rank, .in = {"linalg"}, .reference = "linalg.matrix_rank(A, atol, rtol, hermitian)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(4, 2) @ randn(2, 5)",
                        "randn(3, 1) @ randn(1, 3) + 0.01 * eye(3), atol=0.05", "eye(3), hermitian=True",
                        "randn(3) * eye(3), rtol=0.5, hermitian=True", "randn(0, 3)",
                        "numpy.stack([eye(2), full((2, 2), 0)])"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(3, 2), hermitian=True"});

}  // namespace deepseek
