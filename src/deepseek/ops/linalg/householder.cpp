// Products of reflectors, from their compact form Q = I - V T V^T (R. Schreiber, C. Van Loan, 1989) with
// T = (I + diag(tau) striu(V^T V))^-1 diag(tau): products and a triangular solve, all differentiable.
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

struct Compact {
  Tensor v, middle, tau;

  Compact(const Tensor& packed, const Tensor& t) : tau(t) {
    const int64_t k = t.shape().back();
    v = tril(narrow(packed, -1, 0, k), -1) + identity_like(packed, rows_of(packed.shape()), k);
    middle = row_scaled(product(v, v, true), tau);
  }
  // T x or T^T x.
  Tensor between(const Tensor& x, bool transpose) const {
    if (!transpose) return triangular_solved(middle, row_scaled(x, tau), true, true, true, false);
    return row_scaled(triangular_solved(middle, x, true, true, true, true), tau);
  }
};

void check_reflectors(std::string_view op, const Tensor& a, std::string_view name, const Tensor& tau) {
  check_same_type(op, a, name, tau, "tau");
  ensure(tau.rank() + 1 == a.rank() && batch_of(tau.shape(), 1) == batch_of(a.shape()) &&
             tau.shape().back() <= std::min(columns_of(a.shape()), rows_of(a.shape())),
         op, ": tau must hold for each matrix of ", name, " at most as many numbers as it has columns and rows, but ",
         name, " is ", to_string(a.shape()), " and tau is ", to_string(tau.shape()));
}

Tensor householder(std::string_view op, const Tensor& packed, std::string_view name, const Tensor& tau) {
  const Tensor a = matrices(op, packed, name);
  const int64_t m = rows_of(a.shape()), n = columns_of(a.shape());
  ensure(m >= n, op, ": ", name, " must have at least as many rows as columns, but its shape is ",
         to_string(a.shape()));
  check_reflectors(op, a, name, tau);
  const Compact q(a, tau);
  return identity_like(a, m, n) - product(q.v, q.between(mT(narrow(q.v, -2, 0, n)), false));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_householder_product, (const Tensor& A, const Tensor& tau),
                  "The first columns of the product of the reflectors I - tau v v^T, whose vectors stand below the "
                  "diagonal of `A`, as "
                  "`geqrf` gives them.") {
  return householder("linalg.householder_product", A, "A", tau);
}
DEEPSEEK_FACTS(linalg_householder_product, .in = {"linalg"}, .reference = "linalg.householder_product(A, tau)",
               .good = {"randn(4, 3), randn(3)", "randn(2, 4, 4), randn(2, 2)", "randn(3, 0), randn(0)",
                        "randn(0, 0), randn(0)"},
               .bad = {"randn(3, 4), randn(3)", "randn(4, 3), randn(4)", "randn(4, 3), randn(2, 3)",
                       "ints(3, 3), ints(3)"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, orgqr, (const Tensor& input, const Tensor& tau),
                  "The same as `linalg.householder_product`.") {
  return householder("orgqr", input, "input", tau);
}
DEEPSEEK_FACTS(orgqr, .in = {"method"}, .reference = "linalg.householder_product(input, tau)",
               .good = {"randn(4, 3), randn(3)"}, .bad = {"randn(3, 4), randn(3)"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, ormqr,
                  (const Tensor& input, const Tensor& tau, const Tensor& other, bool left DEFAULT(true),
                   bool transpose DEFAULT(false)),
                  "Q times `other`, or `other` times Q unless `left`, or the same with Q^T: Q is the square product of "
                  "the reflectors "
                  "that `geqrf` gives in `input` and `tau`, and is not made.") {
  const Tensor a = matrices("ormqr", input, "input"), c = matrices("ormqr", other, "other");
  check_reflectors("ormqr", a, "input", tau);
  check_same_type("ormqr", a, "input", c, "other");
  ensure(rows_of(a.shape()) == (left ? rows_of(c.shape()) : columns_of(c.shape())),
         "ormqr: ", left ? "rows" : "columns", " of other must equal rows of input, but input is ",
         to_string(a.shape()), " and other is ", to_string(c.shape()));
  ensure(batch_of(a.shape()) == batch_of(c.shape()),
         "ormqr: input and other must hold the same number of matrices, but they are ", to_string(a.shape()), " and ",
         to_string(c.shape()));
  const Compact q(a, tau);
  if (left) return c - product(q.v, q.between(product(q.v, c, true), transpose));
  return c - mT(product(q.v, q.between(product(q.v, c, true, true), !transpose)));
}
DEEPSEEK_FACTS(ormqr, .in = {"method"}, .reference = "linalg.ormqr(input, tau, other, left, transpose)",
               .good = {"randn(4, 3), randn(3), randn(4, 2)", "randn(4, 3), randn(3), randn(2, 4), left=False",
                        "randn(2, 4, 4), randn(2, 3), randn(2, 4, 2), transpose=True",
                        "randn(4, 3), randn(3), randn(2, 4), left=False, transpose=True"},
               .bad = {"randn(4, 3), randn(3), randn(3, 2)", "randn(4, 3), randn(4), randn(4, 2)",
                       "randn(4, 3), randn(3), randn(2, 4, 2)"},
               .tolerance = 1e-4);

}  // namespace deepseek
