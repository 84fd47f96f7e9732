#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

struct LuFactor : KernelOp {
  static constexpr OpInfo info{.name = "lu_factor", .amp = Amp::full};
  static constexpr Saves saves = Saves::outputs;
  std::string checked;
  static constexpr auto attrs = std::tuple{&LuFactor::checked};

  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape &s = in[0]->shape, batch = batch_of(s);
    out = {*in[0], {DType::int32, with_dims(batch, {std::min(rows_of(s), columns_of(s))})}, {DType::int32, batch}};
  }
  KernelFn prepare(KernelContext& c) const {
    by_columns(c.inputs[0]), by_columns(c.outputs[0]);
    c.may_alias = {{0, 0}};
    return [spec = c.inputs[0].spec, name = checked](const KernelRun& run) {
      visit_real(spec.dtype, [&](auto type) {
        using T = decltype(type);
        const int m = static_cast<int>(rows_of(spec.shape)), n = static_cast<int>(columns_of(spec.shape)),
                  k = std::min(m, n);
        const Shape batch = batch_of(spec.shape);
        const int64_t size = int64_t{m} * n;
        for_matrices(batch.numel(), double(size) * k, [&](int64_t i) {
          T* a = static_cast<T*>(run.outputs[0]) + i * size;
          copy_matrix(a, static_cast<const T*>(run.inputs[0]) + i * size, size);
          const int bad = k == 0 ? 0 : lapack::lu(m, n, a, static_cast<int*>(run.outputs[1]) + i * k);
          if (bad > 0 && !name.empty()) raise_singular(name, batch, i, 'U', bad);
          static_cast<int32_t*>(run.outputs[2])[i] = bad;
        });
      });
    };
  }
  // For P^T A = L U, by the products of F. de Hoog, R. Anderssen, M. Lukas, "Differentiation of matrix functionals
  // using triangular factorization" (2011); the part beside the square one follows from L2 = A2 U^-1 or U2 = L^-1 A2.
  void gradient(Grad& g) const {
    const int64_t m = rows_of(g.input_spec().shape), n = columns_of(g.input_spec().shape), k = std::min(m, n);
    const Tensor lu = g.output(), grad = g.grad();
    const auto block = [](const Tensor& t, int64_t row, int64_t rows, int64_t column, int64_t columns) {
      return narrow(narrow(t, -2, row, rows), -1, column, columns);
    };
    const Tensor square = block(lu, 0, k, 0, k), lower = tril(square, -1) + identity_like(lu, k, k),
                 upper = triu(square);
    Tensor to_lower = tril(block(grad, 0, k, 0, k), -1), to_upper = triu(block(grad, 0, k, 0, k)), beside;
    if (m > n) {
      beside = triangular_solved(upper, block(grad, k, m - k, 0, k), true, false, false, true);
      to_upper = to_upper - triu(product(block(lu, k, m - k, 0, k), beside, true));
    } else if (n > m) {
      beside = triangular_solved(lower, block(grad, 0, k, k, n - k), false, true, true, true);
      to_lower = to_lower - tril(product(beside, block(lu, 0, k, k, n - k), false, true), -1);
    }
    const Tensor inner = tril(product(lower, to_lower, true), -1) + triu(product(to_upper, upper, false, true));
    Tensor result =
        triangular_solved(upper, triangular_solved(lower, inner, false, true, true, true), true, false, false, true);
    if (beside.defined()) result = cat({result, beside}, m > n ? -2 : -1);
    g.set(0, rows_in_order(result, pivot_order(g.output(1), m, true)));
  }
};

struct PivotOrder : KernelOp {
  static constexpr OpInfo info{.name = "pivot_order"};
  static constexpr NotDifferentiable gradient{"its results are integers"};
  int64_t rows = 0;
  bool back = false;
  static constexpr auto attrs = std::tuple{&PivotOrder::rows, &PivotOrder::back};

  Spec infer(const Spec& in) const { return {DType::int64, with_dims(batch_of(in.shape, 1), {rows})}; }
  void cpu(const KernelArgs& a) const {
    const int64_t count = batch_of(a.in_spec(0).shape, 1).numel(), k = a.in_spec(0).shape.back();
    std::vector<int64_t> order(static_cast<size_t>(rows));
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t r = 0; r < rows; ++r) order[static_cast<size_t>(r)] = r;
      for (int64_t r = 0; r < k; ++r) {
        const int64_t other = a.in<int32_t>(0)[i * k + r] - 1;
        if (other < 0 || other >= rows)
          raise_value("linalg.lu_solve: pivots must be in [1, ", rows, "], but one is ", other + 1);
        std::swap(order[static_cast<size_t>(r)], order[static_cast<size_t>(other)]);
      }
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t from = order[static_cast<size_t>(r)];
        a.out<int64_t>()[i * rows + (back ? from : r)] = back ? r : from;
      }
    }
  }
};

// P (m, m) with A = P L U.
Tensor permutation(const Tensor& pivots, int64_t m, DType dtype) {
  const Tensor order = unsqueeze(pivot_order(pivots, m, false), -2);
  return cast(order == unsqueeze(arange(m), 1), dtype);
}

TensorList unpacked(const Tensor& lu, const Tensor& pivots) {
  const int64_t m = rows_of(lu.shape()), n = columns_of(lu.shape()), k = std::min(m, n);
  return {permutation(pivots, m, lu.dtype()), tril(narrow(lu, -1, 0, k), -1) + identity_like(lu, m, k),
          triu(narrow(lu, -2, 0, k))};
}

void need_pivots(std::string_view op, bool pivot) {
  ensure(pivot, op,
         ": pivot=False is not supported: without exchanges of rows the factors of many matrices do not exist");
}

}  // namespace

TensorList lu_factors(const Tensor& a, const std::string& checked) {
  LuFactor op;
  op.checked = checked;
  return apply_many(op, {a});
}
Tensor pivot_order(const Tensor& pivots, int64_t rows, bool back) {
  return apply(PivotOrder{.rows = rows, .back = back}, pivots);
}
Tensor rows_in_order(const Tensor& b, const Tensor& order) {
  return gather(b, -2, broadcast_to(unsqueeze(order, -1), b.shape()));
}

DEEPSEEK_FUNCTION(
    TensorList, linalg_lu_factor, (const Tensor& A, bool pivot DEFAULT(true)),
    "(LU, int32 pivots) of A = P L U, as LAPACK packs them: L without its ones below the diagonal, U above. Row i was "
    "exchanged with row pivots[i], counted from 1. A singular matrix is refused when it is computed.") {
  need_pivots("linalg.lu_factor", pivot);
  const TensorList r = lu_factors(matrices("linalg.lu_factor", A), "linalg.lu_factor");
  return {r[0], r[1]};
}
DEEPSEEK_FACTS(linalg_lu_factor, .in = {"linalg"}, .reference = "linalg.lu_factor(A)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(3, 4)", "randn(2, 0, 0)", "randn(300, 300)"},
               .bad = {"randn(3)", "ints(3, 3)", "randn(3, 3) * 0", "randn(3, 3), pivot=False"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(
    TensorList, linalg_lu_factor_ex, (const Tensor& A, bool pivot DEFAULT(true), bool check_errors DEFAULT(false)),
    "(LU, pivots, info) as `lu_factor`, but a singular matrix is no error unless `check_errors`: info is the number of "
    "its first zero on the diagonal of U, counted from 1, or 0.") {
  need_pivots("linalg.lu_factor_ex", pivot);
  return lu_factors(matrices("linalg.lu_factor_ex", A), check_errors ? "linalg.lu_factor_ex" : "");
}
DEEPSEEK_FACTS(linalg_lu_factor_ex, .in = {"linalg"},
               .reference = "(*linalg.lu_factor(A), numpy.zeros(A.shape[:-2], numpy.int32))",
               .good = {"randn(3, 3)", "randn(2, 4, 3)"}, .bad = {"randn(3)", "randn(2, 2) * 0, check_errors=True"});

DEEPSEEK_FUNCTION(
    TensorList, linalg_lu, (const Tensor& A, bool pivot DEFAULT(true)),
    "(P, L, U) with A = P L U: a permutation, a lower triangle with ones on the diagonal, an upper triangle.") {
  need_pivots("linalg.lu", pivot);
  const TensorList r = lu_factors(matrices("linalg.lu", A));
  return unpacked(r[0], r[1]);
}
DEEPSEEK_FACTS(linalg_lu, .in = {"linalg"}, .reference = "linalg.lu(A)",
               .good = {"randn(3, 3)", "randn(2, 5, 3)", "randn(2, 2, 4)", "randn(0, 3)"},
               .bad = {"randn(3)", "ints(2, 2)"});

DEEPSEEK_FUNCTION(TensorList, lu_unpack,
                  (const Tensor& LU_data, const Tensor& LU_pivots, bool unpack_data DEFAULT(true),
                   bool unpack_pivots DEFAULT(true)),
                  "(P, L, U) from the results of `linalg.lu_factor`; what is not asked for is empty.") {
  const Tensor lu = matrices("lu_unpack", LU_data, "LU_data");
  const Shape want = with_dims(batch_of(lu.shape()), {std::min(rows_of(lu.shape()), columns_of(lu.shape()))});
  if (LU_pivots.dtype() != DType::int32)
    raise_type("lu_unpack: LU_pivots must be int32, but is ", name_of(LU_pivots.dtype()));
  ensure(LU_pivots.shape() == want, "lu_unpack: LU_pivots must be ", to_string(want), ", but is ",
         to_string(LU_pivots.shape()));
  const Tensor none = empty({0}, lu.dtype());
  const TensorList all = unpacked(lu, LU_pivots);
  return {unpack_pivots ? all[0] : none, unpack_data ? all[1] : none, unpack_data ? all[2] : none};
}
DEEPSEEK_FACTS(lu_unpack, .reference = "linalg.lu_unpack(LU_data, LU_pivots, unpack_data, unpack_pivots)",
               .good = {"randn(3, 3), numpy.int32([2, 3, 3])", "randn(2, 3, 2), numpy.int32([[2, 2], [1, 3]])",
                        "randn(2, 3), numpy.int32([2, 2]), unpack_pivots=False",
                        "randn(2, 3), numpy.int32([2, 2]), unpack_data=False"},
               .bad = {"randn(3, 3), ints(3)", "randn(3, 3), numpy.int32([1, 2])", "randn(2, 2), numpy.int32([0, 5])"});

}  // namespace deepseek
