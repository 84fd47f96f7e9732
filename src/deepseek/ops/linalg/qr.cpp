#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {
namespace {

struct Qr : KernelOp {
  static constexpr OpInfo info{.name = "qr", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  bool complete = false;
  static constexpr auto attrs = std::tuple{&Qr::complete};

  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape &s = in[0]->shape, batch = batch_of(s);
    const int64_t m = rows_of(s), n = columns_of(s), k = complete ? m : std::min(m, n);
    out = {{in[0]->dtype, with_dims(batch, {m, k})}, {in[0]->dtype, with_dims(batch, {k, n})}};
  }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[0]), by_columns(c.outputs[0]), by_columns(c.outputs[1]);
    return [shape = c.inputs[0].spec.shape, dtype = c.inputs[0].spec.dtype,
            k = rows_of(c.outputs[1].spec.shape)](const KernelRun& run) {
      visit_real(dtype, [&](auto type) {
        using T = decltype(type);
        const int64_t m = rows_of(shape), n = columns_of(shape), reflectors = std::min(m, n);
        for_matrices(batch_of(shape).numel(), double(m) * n * reflectors * 4, [&](int64_t i) {
          const auto a = lapack::scratch<T>(m * n), tau = lapack::scratch<T>(reflectors);
          std::copy_n(static_cast<const T*>(run.inputs[0]) + i * m * n, m * n, a.get());
          lapack::qr(static_cast<int>(m), static_cast<int>(n), a.get(), tau.get());
          T* r = static_cast<T*>(run.outputs[1]) + i * k * n;
          for (int64_t column = 0; column < n; ++column) {
            const int64_t count = std::min(column + 1, reflectors);
            std::copy_n(a.get() + column * m, count, r + column * k);
            std::fill(r + column * k + count, r + (column + 1) * k, T{0});
          }
          lapack::q_of(static_cast<int>(m), static_cast<int>(k), static_cast<int>(reflectors), a.get(), tau.get(),
                       static_cast<T*>(run.outputs[0]) + i * m * k);
        });
      });
    };
  }
  // S. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
  // experimental design" (2018), for matrices with at least as many rows as columns. Further columns A2 only give R2 =
  // Q^T A2.
  void gradient(Grad& g) const {
    const int64_t m = rows_of(g.input_spec().shape), n = columns_of(g.input_spec().shape), k = std::min(m, n);
    ensure(k == rows_of(g.output_spec(1).shape),
           "linalg.qr: has no gradient for mode='complete' with more rows than columns, here ",
           to_string(g.input_spec().shape), ": the further columns of Q are not determined by A");
    const Tensor q = g.output(0), r1 = narrow(g.output(1), -1, 0, k), to_r1 = narrow(g.grad(1), -1, 0, k);
    Tensor to_q = g.grad(0), to_a2;
    if (n > k) {
      const Tensor r2 = narrow(g.output(1), -1, k, n - k), to_r2 = narrow(g.grad(1), -1, k, n - k);
      to_q = to_q + product(product(q, r2), to_r2, false, true);
      to_a2 = product(q, to_r2);
    }
    const Tensor inner = triu(product(to_r1, r1, false, true) - product(q, to_q, true)),
                 symmetric = inner + mT(triu(inner, 1));
    const Tensor to_a1 = triangular_solved(r1, to_q + product(q, symmetric), true, false, false, true);
    g.set(0, to_a2.defined() ? cat({to_a1, to_a2}, -1) : to_a1);
  }
};

struct Reflectors : KernelOp {
  static constexpr OpInfo info{.name = "geqrf", .amp = Amp::full};
  static constexpr NotDifferentiable gradient{"use linalg.qr, whose results have gradients"};
  static constexpr auto attrs = std::tuple{};

  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape& s = in[0]->shape;
    out = {*in[0], {in[0]->dtype, with_dims(batch_of(s), {std::min(rows_of(s), columns_of(s))})}};
  }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[0]), by_columns(c.outputs[0]);
    c.may_alias = {{0, 0}};
    return [shape = c.inputs[0].spec.shape, dtype = c.inputs[0].spec.dtype](const KernelRun& run) {
      visit_real(dtype, [&](auto type) {
        using T = decltype(type);
        const int64_t m = rows_of(shape), n = columns_of(shape), k = std::min(m, n);
        for_matrices(batch_of(shape).numel(), double(m) * n * k * 2, [&](int64_t i) {
          T* a = static_cast<T*>(run.outputs[0]) + i * m * n;
          copy_matrix(a, static_cast<const T*>(run.inputs[0]) + i * m * n, m * n);
          lapack::qr(static_cast<int>(m), static_cast<int>(n), a, static_cast<T*>(run.outputs[1]) + i * k);
        });
      });
    };
  }
};

}  // namespace

DEEPSEEK_FUNCTION(TensorList, linalg_qr, (const Tensor& A, std::string mode DEFAULT("reduced")),
                  "(Q, R) with A = Q R, Q of orthonormal columns and R upper triangular. Q has as many columns as the "
                  "smaller side of "
                  "`A`; with mode 'complete' it is square, with 'r' it is left out (an empty tensor).") {
  const Tensor a = matrices("linalg.qr", A);
  ensure(mode == "reduced" || mode == "complete" || mode == "r",
         "linalg.qr: mode must be 'reduced', 'complete' or 'r', but is '", mode, "'");
  if (mode != "r") return apply_many(Qr{.complete = mode == "complete"}, {a});
  const Tensor none = empty({0}, a.dtype());
  if (a.requires_grad() && modes.grad) return {none, apply_many(Qr{}, {a})[1]};  // the gradient of R needs Q
  const int64_t k = std::min(rows_of(a.shape()), columns_of(a.shape()));
  return {none, triu(narrow(apply_many(Reflectors{}, {a})[0], -2, 0, k))};
}
DEEPSEEK_FACTS(linalg_qr, .in = {"linalg"}, .reference = "linalg.qr(A, mode)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(2, 3, 5)", "randn(5, 3), 'r'",
                        "randn(3, 5), 'complete'", "randn(0, 3)", "randn(3, 0)", "randn(0, 2, 2)", "randn(300, 20)",
                        "randn(300, 280)", "randn(260, 300)"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(2, 2), 'full'"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(TensorList, qr, (const Tensor& input, bool some DEFAULT(true)),
                  "(Q, R) as `linalg.qr`, with a square Q unless `some`.") {
  return linalg_qr(input, some ? "reduced" : "complete");
}
DEEPSEEK_FACTS(qr, .in = {"method"}, .reference = "linalg.qr(input, 'reduced' if some else 'complete')",
               .good = {"randn(4, 3)", "randn(3, 4), some=False"}, .bad = {"randn(3)", "ints(2, 2)"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(TensorList, geqrf, (const Tensor& input),
                  "(a, tau) of the QR factorisation as LAPACK packs it: R in the upper triangle, below it the vectors "
                  "of the reflectors "
                  "that make Q by `linalg.householder_product`.") {
  return apply_many(Reflectors{}, {matrices("geqrf", input, "input")});
}
DEEPSEEK_FACTS(geqrf, .in = {"method"}, .reference = "linalg.geqrf(input)",
               .good = {"randn(3, 3)", "randn(2, 4, 3)", "randn(3, 5)", "randn(0, 2)"},
               .bad = {"randn(3)", "ints(2, 2)"}, .check_grad = false, .tolerance = 1e-4);

}  // namespace deepseek
