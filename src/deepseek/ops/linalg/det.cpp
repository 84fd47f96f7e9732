#include "deepseek/backends/cpu/lapack/spectral.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

Tensor as_matrix(const Tensor& t) {
  return unsqueeze(unsqueeze(t, -1), -1);
}

// body(i, n, factors, sign of the exchanges) for the LU factors of each matrix.
template <class T, class F>
void with_factors(const KernelArgs& args, F&& body) {
  const int n = static_cast<int>(columns_of(args.in_spec(0).shape));
  const int64_t size = int64_t{n} * n;
  for_matrices(batch_of(args.in_spec(0).shape).numel(), double(size) * n * 2 / 3, [&](int64_t i) {
    const auto a = lapack::scratch<T>(size);
    const auto pivots = lapack::scratch<int>(n);
    std::copy_n(args.in<T>(0) + i * size, size, a.get());
    const int bad = lapack::lu(n, n, a.get(), pivots.get());
    T sign = 1;
    for (int d = 0; d < n; ++d) sign = pivots[static_cast<size_t>(d)] == d + 1 ? sign : -sign;
    body(i, n, a.get(), pivots.get(), sign, bad > 0);
  });
}

// The derivative of the determinant, det(A) A^-T where A has an inverse.
struct Cofactors : KernelOp {
  static constexpr OpInfo info{.name = "cofactors", .amp = Amp::full};
  static constexpr auto attrs = std::tuple{};

  Spec infer(const Spec& in) const { return in; }
  void cpu(const KernelArgs& args) const {
    visit_real(args.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      with_factors<T>(args, [&](int64_t i, int n, const T* factors, const int* pivots, T sign, bool singular) {
        const int64_t size = int64_t{n} * n;
        T* x = args.out<T>() + i * size;
        if (singular) return lapack::cofactors(n, args.in<T>(0) + i * size, x);
        T det = sign;
        for (int d = 0; d < n; ++d) det *= factors[int64_t{d} * n + d];
        std::fill_n(x, size, T{0});
        for (int d = 0; d < n; ++d) x[int64_t{d} * n + d] = det;
        lapack::lu_solve(true, n, n, factors, pivots, x);
      });
    });
  }
  void gradient(Grad& g) const {
    const Tensor turned = mT(inverses(g.input(), "linalg.det: for the second derivative")[0]);
    g.set(0, as_matrix(sum(g.grad() * g.output(), {-2, -1})) * turned -
                 product(product(turned, g.grad(), false, true), g.output()));
  }
};

struct Determinant : KernelOp {
  static constexpr OpInfo info{.name = "det", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  bool logarithm = false;  // results are (sign, log |det|)
  static constexpr auto attrs = std::tuple{&Determinant::logarithm};

  void infer(Specs in, std::vector<Spec>& out) const {
    out.assign(logarithm ? 2 : 1, {in[0]->dtype, batch_of(in[0]->shape)});
  }
  void cpu(const KernelArgs& args) const {
    visit_real(args.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      with_factors<T>(args, [&](int64_t i, int n, const T* factors, const int*, T sign, bool) {
        T total = logarithm ? 0 : sign;
        for (int d = 0; d < n; ++d) {
          const T u = factors[int64_t{d} * n + d];
          if (!logarithm) {
            total *= u;
            continue;
          }
          sign *= u == 0 ? T{0} : u < 0 ? T{-1} : T{1};
          total += std::log(std::abs(u));
        }
        if (logarithm) args.out<T>(0)[i] = sign;
        args.out<T>(logarithm ? 1 : 0)[i] = total;
      });
    });
  }
  void gradient(Grad& g) const {
    if (logarithm) return g.set(0, as_matrix(g.grad(1)) * mT(inverses(g.input())[0]));
    g.set(0, as_matrix(g.grad()) * apply(Cofactors{}, g.input()));
  }
};

TensorList signed_logarithm(std::string_view op, const Tensor& a, std::string_view name) {
  return apply_many(Determinant{.logarithm = true}, {square_matrices(op, a, name)});
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_det, (const Tensor& A), "The determinants of square matrices.") {
  return apply(Determinant{}, square_matrices("linalg.det", A));
}
DEEPSEEK_FACTS(linalg_det, .in = {"linalg"}, .reference = "numpy.linalg.det(A)",
               .good = {"randn(3, 3)", "randn(2, 4, 4)", "randn(1, 1)", "randn(0, 0)", "randn(0, 2, 2)",
                        "randn(20, 20)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, det, (const Tensor& input), "The same as `linalg.det`.") {
  return apply(Determinant{}, square_matrices("det", input, "input"));
}
DEEPSEEK_FACTS(det, .in = {"method"}, .reference = "numpy.linalg.det(input)", .good = {"randn(3, 3)"},
               .bad = {"randn(3, 2)"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(
    TensorList, linalg_slogdet, (const Tensor& A),
    "(sign, logarithm of the absolute value) of the determinants of square matrices: 0 and -inf for singular ones.") {
  return signed_logarithm("linalg.slogdet", A, "A");
}
DEEPSEEK_FACTS(linalg_slogdet, .in = {"linalg"}, .reference = "tuple(numpy.linalg.slogdet(A))",
               .good = {"randn(3, 3)", "randn(2, 4, 4)", "randn(0, 0)", "randn(20, 20)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(TensorList, slogdet, (const Tensor& input), "The same as `linalg.slogdet`.") {
  return signed_logarithm("slogdet", input, "input");
}
DEEPSEEK_FACTS(slogdet, .in = {"method"}, .reference = "tuple(numpy.linalg.slogdet(input))", .good = {"randn(3, 3)"},
               .bad = {"randn(3, 2)"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, logdet, (const Tensor& input),
                  "The logarithms of the determinants of square matrices: -inf for singular ones, NaN where the "
                  "determinant is negative.") {
  const TensorList r = signed_logarithm("logdet", input, "input");
  return where(r[0] < filled_like(r[0], 0), filled_like(r[1], std::nan("")), r[1]);
}
DEEPSEEK_FACTS(logdet, .in = {"method"}, .reference = "numpy.log(numpy.linalg.det(input))",
               .good = {"rand(3, 3) + 2 * eye(3)", "rand(2, 2, 2) + eye(2)"}, .bad = {"randn(3, 2)", "ints(2, 2)"},
               .tolerance = 1e-4);

}  // namespace deepseek
