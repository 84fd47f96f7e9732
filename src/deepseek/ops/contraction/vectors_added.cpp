// Products of vectors and of batches, added to something: addmv, addr, addbmm; vdot, inner, kron, tensordot.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/vectors.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, addmv,
                  (const Tensor& input, const Tensor& mat, const Tensor& vec, double beta DEFAULT(1.0), double alpha DEFAULT(1.0)),
                  "beta * `input` + alpha * (`mat` (n, m) times `vec` (m)): (n); `input` broadcasts, and is ignored when beta is 0.") {
  ensure(mat.rank() == 2 && vec.rank() == 1 && mat.shape()[1] == vec.shape()[0],
         "addmv: mat must be (n, m) and vec (m), but they are ", to_string(mat.shape()), " and ", to_string(vec.shape()));
  return contraction::added("addmv", input, matmul(mat, vec), beta, alpha);
}
DEEPSEEK_FACTS(addmv, .in = {"method"}, .reference = "beta * input + alpha * (mat @ vec)",
               .good = {"randn(3), randn(3, 4), randn(4)", "randn(1), randn(3, 4), randn(4), 0.5, 2.0", "ints(3), ints(3, 2), ints(2)"},
               .bad = {"randn(3), randn(3, 4), randn(3)", "randn(2), randn(3, 4), randn(4)", "ints(3), ints(3, 2), ints(2), 0.5"});

DEEPSEEK_FUNCTION(Tensor, addr,
                  (const Tensor& input, const Tensor& vec1, const Tensor& vec2, double beta DEFAULT(1.0), double alpha DEFAULT(1.0)),
                  "beta * `input` + alpha * the outer product of `vec1` (n) and `vec2` (m): (n, m); `input` broadcasts, and is "
                  "ignored when beta is 0.") {
  ensure(vec1.rank() == 1 && vec2.rank() == 1, "addr: vec1 and vec2 must be vectors, but are ", to_string(vec1.shape()), " and ",
         to_string(vec2.shape()));
  return contraction::added("addr", input, outer(vec1, vec2), beta, alpha);
}
DEEPSEEK_FACTS(addr, .in = {"method"}, .reference = "beta * input + alpha * numpy.outer(vec1, vec2)",
               .good = {"randn(3, 2), randn(3), randn(2)", "randn(2), randn(3), randn(2), 0.5, 2.0"},
               .bad = {"randn(3, 2), randn(2), randn(3)", "randn(3, 2), randn(3, 1), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, addbmm,
                  (const Tensor& input, const Tensor& batch1, const Tensor& batch2, double beta DEFAULT(1.0), double alpha DEFAULT(1.0)),
                  "beta * `input` + alpha * the sum over b of `batch1` (b, n, m) times `batch2` (b, m, p): (n, p); `input` "
                  "broadcasts, and is ignored when beta is 0.") {
  ensure(batch1.rank() == 3 && batch2.rank() == 3 && batch1.shape()[0] == batch2.shape()[0] && batch1.shape()[2] == batch2.shape()[1],
         "addbmm: batch1 must be (b, n, m) and batch2 (b, m, p), but they are ", to_string(batch1.shape()), " and ",
         to_string(batch2.shape()));
  const int64_t b = batch1.shape()[0], n = batch1.shape()[1], m = batch1.shape()[2];
  const Tensor wide = reshape(permute(batch1, {1, 0, 2}), {n, b * m}), tall = reshape(batch2, {b * m, batch2.shape()[2]});
  return contraction::added("addbmm", input, matmul(wide, tall), beta, alpha);
}
DEEPSEEK_FACTS(addbmm, .in = {"method"}, .reference = "beta * input + alpha * (batch1 @ batch2).sum(0)",
               .good = {"randn(3, 2), randn(4, 3, 5), randn(4, 5, 2)", "randn(2), randn(4, 3, 5), randn(4, 5, 2), 0.5, 2.0"},
               .bad = {"randn(3, 2), randn(4, 3, 5), randn(3, 5, 2)", "randn(4, 3, 5), randn(4, 3, 5), randn(4, 5, 2)"});

DEEPSEEK_FUNCTION(Tensor, vdot, (const Tensor& input, const Tensor& other),
                  "The sum of the products of two vectors of equal length; the same as `dot` for real numbers.") {
  ensure(input.rank() == 1 && other.rank() == 1 && input.numel() == other.numel(),
         "vdot: both operands must be vectors of equal length, but they are ", to_string(input.shape()), " and ",
         to_string(other.shape()));
  return dot(input, other);
}
DEEPSEEK_FACTS(vdot, .in = {"method"}, .reference = "numpy.vdot(input, other)", .good = {"randn(4), randn(4)"},
               .bad = {"randn(4), randn(3)", "randn(2, 2), randn(2, 2)"});

DEEPSEEK_FUNCTION(Tensor, inner, (const Tensor& input, const Tensor& other),
                  "Sums of products along the last dims: (..., k) and (*, k) give (..., *); a scalar multiplies.") {
  if (input.rank() == 0 || other.rank() == 0) return input * other;
  ensure(input.shape().back() == other.shape().back(), "inner: the last dims must be equal, but the operands are ",
         to_string(input.shape()), " and ", to_string(other.shape()));
  return tensordot(input, other, Dims{-1}, Dims{-1});
}
DEEPSEEK_FACTS(inner, .in = {"method"}, .reference = "numpy.inner(input, other)",
               .good = {"randn(3), randn(3)", "randn(2, 3), randn(4, 5, 3)", "randn(), randn(3)", "ints(2, 2), ints(2)"},
               .bad = {"randn(3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, kron, (const Tensor& input, const Tensor& other),
                  "Kronecker product: each element of `input` replaced by itself times `other`. The tensor of fewer dims gets "
                  "leading ones of size 1.") {
  const int rank = std::max(input.rank(), other.rank());
  ensure(2 * rank <= max_rank, "kron: tensors may have at most ", max_rank / 2, " dims, but are ", to_string(input.shape()), " and ",
         to_string(other.shape()));
  Shape a, b, out;
  for (int d = 0; d < rank; ++d) {
    const int i = d - rank + input.rank(), j = d - rank + other.rank();
    const int64_t m = i < 0 ? 1 : input.shape()[i], n = j < 0 ? 1 : other.shape()[j];
    a.push_back(m), a.push_back(1);
    b.push_back(1), b.push_back(n);
    out.push_back(m * n);
  }
  return reshape(reshape(input, a) * reshape(other, b), out);
}
DEEPSEEK_FACTS(kron, .in = {"method"}, .reference = "numpy.kron(input, other)",
               .good = {"randn(2, 3), randn(3, 2)", "randn(3), randn(2, 2)", "randn(2, 2), randn()", "ints(2), ints(3)"},
               .bad = {"randn(1, 1, 1, 1, 1), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, tensordot,
                  (const Tensor& a, const Tensor& b, Dims dims, std::optional<Dims> dims_b DEFAULT(std::nullopt)),
                  "Sums of products over several dims: the last n of `a` with the first n of `b` for a number n, or the listed "
                  "ones of each in pairs. The result has the other dims of `a`, then those of `b`.") {
  Dims left, right;
  if (dims_b) {
    ensure(dims.size() == dims_b->size(), "tensordot: dims must name as many dims of a as of b, but are ", to_string(dims), " and ",
           to_string(*dims_b));
    for (int64_t d : dims) left.push_back(wrap_dim(d, a.rank(), "tensordot"));
    for (int64_t d : *dims_b) right.push_back(wrap_dim(d, b.rank(), "tensordot"));
  } else {
    const int64_t n = dims.size() == 1 ? dims[0] : -1;
    ensure(n >= 0 && n <= a.rank() && n <= b.rank(), "tensordot: dims must be a number of dims that both operands have, but is ",
           to_string(dims), " for ", to_string(a.shape()), " and ", to_string(b.shape()));
    for (int64_t d = 0; d < n; ++d) left.push_back(a.rank() - n + d), right.push_back(d);
  }
  int64_t common = 1, rows = 1, columns = 1;
  Tensor x = a, y = b;
  for (int i = 0; i < left.size(); ++i) {
    const int64_t m = a.shape()[static_cast<int>(left[i])], n = b.shape()[static_cast<int>(right[i])];
    ensure(m == n || m == 1 || n == 1, "tensordot: dim ", left[i], " of a ", to_string(a.shape()), " and dim ", right[i], " of b ",
           to_string(b.shape()), " must be equal");
    // A dim of size 1 broadcasts, as in torch: the other operand is summed along its dim.
    if (m == 1 && n != 1) y = sum(y, {right[i]}, true);
    if (n == 1 && m != 1) x = sum(x, {left[i]}, true);
    common *= std::min(m, n);
  }
  Dims order_a, order_b = right;
  Shape out;
  for (int d = 0; d < a.rank(); ++d) {
    if (std::find(left.begin(), left.end(), d) == left.end()) order_a.push_back(d), out.push_back(a.shape()[d]), rows *= a.shape()[d];
  }
  for (int64_t d : left) order_a.push_back(d);
  for (int d = 0; d < b.rank(); ++d) {
    if (std::find(right.begin(), right.end(), d) != right.end()) continue;
    order_b.push_back(d);
    columns *= b.shape()[d];
    ensure(out.size() < max_rank, "tensordot: the result of ", to_string(a.shape()), " and ", to_string(b.shape()), " has more than ",
           max_rank, " dims");
    out.push_back(b.shape()[d]);
  }
  ensure(order_a.size() == a.rank() && order_b.size() == b.rank(), "tensordot: a dim may be named once, but dims are ", to_string(left),
         " and ", to_string(right));
  return reshape(matmul(reshape(permute(x, order_a), {rows, common}), reshape(permute(y, order_b), {common, columns})), out);
}
DEEPSEEK_FACTS(tensordot, .in = {"hidden"}, .reference = "numpy.tensordot(a, b, dims[0] if dims_b is None else (dims, dims_b))",
               .good = {"randn(2, 3, 4), randn(3, 4, 5), 2", "randn(2, 3), randn(4), 0", "randn(2, 3, 4), randn(4, 5, 3), (1, 2), (2, 0)",
                        "randn(2, 3), randn(3, 2), -1, 0", "randn(3), randn(3), 1"},
               .bad = {"randn(2, 3), randn(4, 5), 1", "randn(2), randn(2), 2", "randn(2, 2), randn(2, 2), (0, 0), (0, 1)"});

}  // namespace deepseek
