#include "deepseek/backends/cpu/lapack/exponential.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

struct MatrixExp : KernelOp {
  static constexpr OpInfo info{.name = "matrix_exp", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  static constexpr auto attrs = std::tuple{};

  Spec infer(const Spec& in) const { return in; }
  void cpu(const KernelArgs& args) const {
    visit_real(args.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      const Shape batch = batch_of(args.in_spec(0).shape);
      const int n = static_cast<int>(columns_of(args.in_spec(0).shape));
      const int64_t size = int64_t{n} * n;
      // exp(A^T) = exp(A)^T: the order in memory does not matter.
      for_matrices(batch.numel(), double(size) * n * 20, [&](int64_t i) {
        check_finite("linalg.matrix_exp", batch, i, args.in<T>(0) + i * size, size);
        lapack::exponential(n, args.in<T>(0) + i * size, args.out<T>() + i * size);
      });
    });
  }
  // R. Mathias, "A chain rule for matrix functions and applications" (1996): the derivative along G stands beside the
  // exponential of
  // [[A, G], [0, A]]; the adjoint one takes the transposed A.
  void gradient(Grad& g) const {
    const Tensor a = mT(g.input()), grad = g.grad();
    const int64_t n = columns_of(a.shape());
    const Tensor both = cat({cat({a, grad}, -1), cat({zeros_like(a), a}, -1)}, -2);
    g.set(0, narrow(narrow(apply(MatrixExp{}, both), -2, 0, n), -1, n, n));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_matrix_exp, (const Tensor& A),
                  "The exponentials of square matrices, the sums of A^k / k!.") {
  return apply(MatrixExp{}, square_matrices("linalg.matrix_exp", A));
}
DEEPSEEK_FACTS(linalg_matrix_exp, .in = {"linalg"}, .reference = "scipy.linalg.expm(A)",
               .good = {"randn(3, 3)", "randn(2, 4, 4)", "1e-3 * randn(3, 3)", "10 * randn(3, 3)", "randn(1, 1)",
                        "0.2 * randn(20, 20)", "full((2, 2), 0)"},
               .bad = {"randn(3, 2)", "randn(3)", "ints(2, 2)", "full((2, 2), nan)"}, .tolerance = 2e-4);

DEEPSEEK_FUNCTION(Tensor, matrix_exp, (const Tensor& input), "The same as `linalg.matrix_exp`.") {
  return apply(MatrixExp{}, square_matrices("matrix_exp", input, "input"));
}
DEEPSEEK_FACTS(matrix_exp, .in = {"method"}, .reference = "scipy.linalg.expm(input)", .good = {"randn(3, 3)"},
               .bad = {"randn(3, 2)"}, .tolerance = 2e-4);

}  // namespace deepseek
