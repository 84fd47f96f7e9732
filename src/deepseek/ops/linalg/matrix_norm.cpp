#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"
#include "deepseek/ops/reduce/norm.h"

namespace deepseek {

Tensor matrix_norm_of(std::string_view op, const Tensor& input, const Order& order, const Dims& dim, bool keepdim,
                      std::optional<DType> dtype) {
  ensure(dim.size() == 2, op, ": dim must name the two dims of the matrices, but is ", to_string(dim));
  const int rows = wrap_dim(dim[0], input.rank(), op), columns = wrap_dim(dim[1], input.rank(), op);
  ensure(rows != columns, op, ": the two dims of dim must differ, but are ", to_string(dim));
  if (order.word == "fro") return p_norm(input, 2, {rows, columns}, keepdim, dtype, op);
  ensure(order.word.empty() || order.word == "nuc", op, ": a word for the order must be 'fro' or 'nuc', but is '",
         order.word, "'");
  const Tensor x = matrices(op, movedim(dtype ? to(input, *dtype) : input, {rows, columns}, {-2, -1}), "A");
  const double p = order.number, size = std::abs(p);
  Tensor norm;
  if (order.word == "nuc") {
    norm = sum(singular_values(op, x), {-1});
  } else {
    ensure(size == 1 || size == 2 || std::isinf(p), op,
           ": the order of the norm of matrices must be 1, 2, inf, their negatives, 'fro' or "
           "'nuc', but is ",
           p, "; for other orders of the elements use linalg.vector_norm");
    const Tensor values = size == 2 ? singular_values(op, x) : sum(abs(x), {size == 1 ? -2 : -1});
    ensure(values.shape().back() > 0, op, ": matrices of shape ", to_string(x.shape()), " have no norm of order ", p);
    norm = p > 0 ? amax(values, {-1}) : amin(values, {-1});
  }
  if (!keepdim) return norm;
  return unsqueeze(unsqueeze(norm, std::min(rows, columns)), std::max(rows, columns));
}

namespace {

Dims all_dims(int rank) {
  Dims dims;
  for (int d = 0; d < rank; ++d) dims.push_back(d);
  return dims;
}

Tensor by_inverse(const std::string& op, const Tensor& a, const Order& p) {
  const TensorList r = inverses(a);
  const Tensor value = matrix_norm_of(op, a, p, {-2, -1}, false, {}) * matrix_norm_of(op, r[0], p, {-2, -1}, false, {});
  return where(r[1] == zeros_like(r[1]), value, filled_like(value, INFINITY));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_matrix_norm,
                  (const Tensor& A, Order ord DEFAULT("fro"), Dims dim DEFAULT({-2, -1}), bool keepdim DEFAULT(false),
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Norms of the matrices in the two dims `dim`: 'fro' of the elements, 'nuc' the sum of the singular "
                  "values, 2 and -2 the "
                  "largest and smallest of them, 1 and -1 the largest and smallest sum of |elements| of a column, inf "
                  "and -inf of a row.") {
  return matrix_norm_of("linalg.matrix_norm", A, ord, dim, keepdim, dtype);
}
DEEPSEEK_FACTS(linalg_matrix_norm, .in = {"linalg"}, .reference = "numpy.linalg.norm(A, ord, tuple(dim), keepdim)",
               .good = {"randn(3, 4)", "randn(2, 3, 4), 'nuc'", "randn(2, 3, 4), 2", "randn(2, 4, 4), -2, keepdim=True",
                        "randn(3, 4, 2), 1, (0, 2)", "randn(3, 4), -1", "randn(3, 4), inf", "randn(3, 4), -inf",
                        "randn(3, 4, 2), 'nuc', (2, 0), True"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(2, 2), 3", "randn(2, 2), 'max'", "randn(2, 2), 1, (0, 0)",
                       "randn(2, 2), 1, (0,)", "randn(0, 0), 2"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, linalg_norm,
                  (const Tensor& A, std::optional<Order> ord DEFAULT(std::nullopt),
                   std::optional<Dims> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false),
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "`vector_norm` along one dim, `matrix_norm` of two. Without `dim` those of `A`, which has one or two "
                  "then; without `ord` "
                  "the root of the sum of squares along `dim`, or of all elements.") {
  constexpr std::string_view op = "linalg.norm";
  if (!ord) return p_norm(A, 2, dim.value_or(Dims()), keepdim, dtype, op);
  ensure(dim || A.rank() == 1 || A.rank() == 2, op,
         ": with ord but without dim A must have 1 or 2 dims, but its shape is ", to_string(A.shape()));
  const Dims along = dim.value_or(all_dims(A.rank()));
  ensure(along.size() == 1 || along.size() == 2, op, ": with ord dim must be one or two dims, but is ",
         to_string(along));
  if (along.size() == 2) return matrix_norm_of(op, A, *ord, along, keepdim, dtype);
  ensure(ord->word.empty(), op, ": the order '", ord->word, "' is one of matrices, but dim is ", to_string(along));
  return p_norm(A, ord->number, along, keepdim, dtype, op);
}
DEEPSEEK_FACTS(linalg_norm, .in = {"linalg"},
               .reference =
                   "numpy.linalg.norm(A if dim or ord is not None else A.reshape(-1), ord, tuple(dim) if dim and "
                   "len(dim) > 1 else dim, keepdim)",
               .good = {"randn(2, 3, 4)", "randn(4), 3", "randn(3, 4), 'nuc'", "randn(3, 4), 1",
                        "randn(2, 3, 4), 2, (0, 2)", "randn(2, 3), -1, 1", "randn(2, 3, 4), dim=(0, 1)",
                        "randn(2, 3), inf, -1, keepdim=True"},
               .bad = {"ints(3)", "randn(2, 2, 2), 1", "randn(3), 'fro'", "randn(2, 2, 2), 1, (0, 1, 2)",
                       "randn(2, 2), 'nuc', 0"},
               .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, linalg_cond, (const Tensor& A, std::optional<Order> p DEFAULT(std::nullopt)),
                  "The condition numbers |A| |A^-1| of matrices in the norm `p` of `matrix_norm`; without one the "
                  "largest singular value "
                  "over the smallest, which any matrix has. Infinity for singular matrices.") {
  constexpr const char* op = "linalg.cond";
  const bool spectral = !p || (p->word.empty() && std::abs(p->number) == 2);
  const Tensor a = spectral ? matrices(op, A) : square_matrices(op, A);
  if (!spectral) return a.numel() == 0 ? zeros(batch_of(a.shape()), a.dtype()) : by_inverse(op, a, *p);
  ensure(rows_of(a.shape()) > 0 && columns_of(a.shape()) > 0, op, ": matrices of shape ", to_string(a.shape()),
         " have no singular values");
  const Tensor s = singular_values(op, a), most = narrow(s, -1, 0, 1), least = narrow(s, -1, s.shape().back() - 1, 1);
  return squeeze(p && p->number < 0 ? least / most : most / least, {-1});
}
DEEPSEEK_FACTS(linalg_cond, .in = {"linalg"}, .reference = "linalg.cond(A, p)",
               .good = {"randn(3, 3)", "randn(2, 3, 4), 2", "randn(3, 3), -2", "randn(2, 3, 3), 1", "randn(3, 3), inf",
                        "randn(3, 3), 'fro'", "randn(3, 3), 'nuc'", "randn(3, 3), -1", "eye(4)[:3, 1:], 1"},
               .bad = {"randn(3)", "ints(2, 2)", "randn(3, 2), 1", "randn(2, 2), 3", "randn(0, 0)"},
               .check_grad = false, .tolerance = 1e-3);

}  // namespace deepseek
