// Equations between tensors, and what torch.linalg has beside matrices.
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

Shape part(const Shape& s, int first, int last) {
  Shape out;
  for (int d = first; d < last; ++d) out.push_back(s[d]);
  return out;
}

Tensor cross_along(std::string_view op, const Tensor& input, const Tensor& other, int dim) {
  ensure(input.rank() == other.rank(), op, ": both operands must have the same number of dims, but they are ",
         to_string(input.shape()), " and ", to_string(other.shape()));
  ensure(input.shape()[dim] == 3 && other.shape()[dim] == 3, op, ": both operands must have 3 elements along dim ", dim,
         ", but they are ", to_string(input.shape()), " and ", to_string(other.shape()));
  const auto at = [&](const Tensor& t, int64_t i) { return narrow(t, dim, i % 3, 1); };
  TensorList parts;
  for (int64_t i = 0; i < 3; ++i)
    parts.push_back(at(input, i + 1) * at(other, i + 2) - at(input, i + 2) * at(other, i + 1));
  return cat(parts, dim);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, linalg_tensorinv, (const Tensor& A, int64_t ind DEFAULT(2)),
                  "The inverse of `A` as a map from its dims after the first `ind` to these: tensordot of both over "
                  "them is the identity.") {
  constexpr std::string_view op = "linalg.tensorinv";
  ensure(ind > 0 && ind <= A.rank(), op, ": ind must be in [1, ", A.rank(), "], but is ", ind);
  const int cut = static_cast<int>(ind);
  const Shape to = part(A.shape(), 0, cut), from = part(A.shape(), cut, A.rank());
  ensure(to.numel() == from.numel(), op, ": the first ", ind,
         " dims must hold as many elements as the others, but the shape is ", to_string(A.shape()));
  Shape shape = from;
  for (int64_t n : to) shape.push_back(n);
  return reshape(inverses(matrices(op, reshape(A, {to.numel(), to.numel()})), "linalg.tensorinv")[0], shape);
}
DEEPSEEK_FACTS(linalg_tensorinv, .in = {"linalg"}, .reference = "numpy.linalg.tensorinv(A, ind)",
               .good = {"randn(4, 6, 8, 3) + 8 * eye(24).reshape(4, 6, 8, 3)",
                        "randn(4, 2, 2) + 2 * eye(4).reshape(4, 2, 2), ind=1"},
               .bad = {"randn(2, 3)", "randn(2, 2), ind=0", "full((2, 2), 0), ind=1"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, linalg_tensorsolve,
                  (const Tensor& A, const Tensor& B, std::optional<Dims> dims DEFAULT(std::nullopt)),
                  "X with tensordot(A, X, X.ndim) = B. The dims `dims` of `A` are moved to its end first.") {
  constexpr std::string_view op = "linalg.tensorsolve";
  Tensor a = A;
  if (dims) {
    Dims last;
    for (int d = 0; d < dims->size(); ++d) last.push_back(A.rank() - dims->size() + d);
    a = movedim(A, *dims, last);
  }
  ensure(a.rank() >= B.rank(), op, ": A must have the dims of B in front, but A is ", to_string(A.shape()),
         " and B is ", to_string(B.shape()));
  const Shape x = part(a.shape(), B.rank(), a.rank());
  const int64_t n = part(a.shape(), 0, B.rank()).numel();
  ensure(n == x.numel() && n == B.numel(), op, ": A must be square as a map to B, but A is ", to_string(a.shape()),
         " and B is ", to_string(B.shape()));
  return reshape(linalg_solve(matrices(op, reshape(a, {n, n})), reshape(B, {n})), x);
}
DEEPSEEK_FACTS(linalg_tensorsolve, .in = {"linalg"}, .reference = "numpy.linalg.tensorsolve(A, B, dims)",
               .good = {"randn(6, 2, 3) + 3 * eye(6).reshape(6, 2, 3), randn(6)",
                        "randn(2, 3, 6) + 3 * eye(6).reshape(2, 3, 6), randn(2, 3)",
                        "randn(2, 6, 3) + 4 * eye(6).reshape(2, 3, 6).transpose(0, 2, 1), randn(2, 3), (1,)"},
               .bad = {"randn(6, 2, 3), randn(5)", "randn(2, 3), randn(2, 3, 4)", "full((2, 2), 0), full(2, 1)"},
               .tolerance = 1e-3);

DEEPSEEK_FUNCTION(
    Tensor, linalg_vander, (const Tensor& x, std::optional<int64_t> N DEFAULT(std::nullopt)),
    "The powers 0 to `N` - 1 (as many as there are elements) of the elements of `x`, in a new last dim.") {
  constexpr std::string_view op = "linalg.vander";
  const Tensor own = x.dtype() == DType::bool_ ? to(x, DType::int64) : x;
  ensure(own.rank() >= 1, op, ": x must have at least 1 dim");
  const int64_t count = N.value_or(own.shape().back());
  ensure(count > 1 || (!N && count >= 0), op, ": N must be at least 2, but is ", count);
  const Tensor column = unsqueeze(own, -1);
  if (count <= 1) return ones(with_dims(own.shape(), {count}), own.dtype());
  return cat({ones_like(column), cumprod(broadcast_to(column, with_dims(own.shape(), {count - 1})), -1, own.dtype())},
             -1);
}
DEEPSEEK_FACTS(linalg_vander, .in = {"linalg"},
               .reference = "x[..., None] ** numpy.arange(x.shape[-1] if N is None else N)",
               .good = {"randn(4)", "randn(2, 3), 5", "ints(3)", "randn(3), 2", "randn(1)"},
               .bad = {"randn()", "randn(3), 0"});

DEEPSEEK_FUNCTION(Tensor, linalg_diagonal,
                  (const Tensor& A, int64_t offset DEFAULT(0), int64_t dim1 DEFAULT(-2), int64_t dim2 DEFAULT(-1)),
                  "`diagonal`, of the last two dims unless others are named.") {
  return diagonal(A, offset, dim1, dim2);
}
DEEPSEEK_FACTS(linalg_diagonal, .in = {"linalg"}, .reference = "numpy.diagonal(A, offset, dim1, dim2)",
               .good = {"randn(2, 3, 4)", "randn(2, 3, 4), 1, 0, 1"}, .bad = {"randn(3)", "randn(3, 3), 0, 1, 1"});

DEEPSEEK_FUNCTION(Tensor, linalg_vecdot, (const Tensor& x, const Tensor& y, int64_t dim DEFAULT(-1)),
                  "The sums of the products of `x` and `y`, which broadcast, along `dim`.") {
  return sum(x * y, {dim});
}
DEEPSEEK_FACTS(linalg_vecdot, .in = {"linalg"}, .reference = "numpy.sum(x * y, dim)",
               .good = {"randn(3), randn(3)", "randn(2, 3), randn(4, 1, 3)", "randn(2, 3), randn(2, 1), 0"},
               .bad = {"randn(3), randn(4)", "randn(3), randn(3), dim=2"});

DEEPSEEK_FUNCTION(Tensor, linalg_cross, (const Tensor& input, const Tensor& other, int64_t dim DEFAULT(-1)),
                  "The cross products of vectors of 3 elements along `dim`; the other dims broadcast.") {
  return cross_along("linalg.cross", input, other, wrap_dim(dim, input.rank(), "linalg.cross"));
}
DEEPSEEK_FACTS(linalg_cross, .in = {"linalg"}, .reference = "numpy.cross(input, other, axis=dim)",
               .good = {"randn(3), randn(3)", "randn(4, 3), randn(1, 3)", "randn(3, 4), randn(3, 4), dim=0",
                        "ints(2, 3), ints(2, 3)"},
               .bad = {"randn(4), randn(4)", "randn(2, 3), randn(3)", "randn(3), randn(3), dim=1"});

DEEPSEEK_FUNCTION(Tensor, cross,
                  (const Tensor& input, const Tensor& other, std::optional<int64_t> dim DEFAULT(std::nullopt)),
                  "The cross products of vectors of 3 elements along `dim`, or else the first dim that has 3; the "
                  "other dims broadcast.") {
  if (dim) return cross_along("cross", input, other, wrap_dim(*dim, input.rank(), "cross"));
  int first = 0;
  while (first < input.rank() && input.shape()[first] != 3) ++first;
  ensure(first < input.rank(), "cross: no dim of input has 3 elements, its shape is ", to_string(input.shape()));
  return cross_along("cross", input, other, first);
}
DEEPSEEK_FACTS(cross, .in = {"method"},
               .reference = "numpy.cross(input, other, axis=input.shape.index(3) if dim is None else dim)",
               .good = {"randn(3, 4), randn(3, 4)", "randn(2, 3), randn(2, 3)", "randn(3, 3), randn(3, 3), 1"},
               .bad = {"randn(4), randn(4)", "randn(2, 3), randn(3)"});

}  // namespace deepseek
