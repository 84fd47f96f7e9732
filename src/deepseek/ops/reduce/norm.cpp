#include "deepseek/ops/reduce/norm.h"

#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {
namespace {

// For finite orders other than 0 and 1. A composite for the sake of its gradient: it is 0 where the norm is 0.
struct VectorNorm : Composite {
  static constexpr OpInfo info{.name = "vector_norm", .amp = Amp::full, .onnx = "ReduceL2"};
  double order = 2;
  DimMask dims = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&VectorNorm::order, &VectorNorm::dims, &VectorNorm::keepdim};

  Spec infer(const Spec& in) const { return {in.dtype, reduced_shape(in.shape, dims, keepdim)}; }
  Tensor expand(const Tensor& input) const {
    const Tensor x = cast(input, accumulation_type(input.dtype()));
    const Tensor powers = order == 2 ? x * x : pow(abs(x), order);
    const Tensor total = reduce(fused::ReduceKind::sum, powers, dims_of(dims), keepdim);
    return cast(order == 2 ? sqrt(total) : pow(total, 1 / order), input.dtype());
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    const Tensor x = g.input(), zero = filled_like(x, 0), one = filled_like(x, 1);
    const Tensor y = with_reduced_dims(g.output(), shape, dims), grad = with_reduced_dims(g.grad(), shape, dims);
    const Tensor none = (y == filled_like(y, 0)) | (x == zero);
    const Tensor share = where(none, one, x) / where(none, one, y);
    const Tensor slope = order == 2 ? share : sign(x) * pow(abs(share), order - 1);
    g.set(0, grad * where(none, zero, slope));
  }
};

}  // namespace

Tensor p_norm(const Tensor& input, double order, const Dims& dim, bool keepdim, std::optional<DType> dtype,
              std::string_view op) {
  const Tensor x = dtype ? cast(input, *dtype) : autocast_full(input);
  if (!is_floating_point(x.dtype())) raise_type(op, ": needs a floating type, but input is ", name_of(input.dtype()));
  const DimMask mask = reduce_mask(dim, x.rank(), op);
  if (std::isinf(order)) {
    const auto kind = order > 0 ? fused::ReduceKind::max : fused::ReduceKind::min;
    return reduce(kind, abs(x), dims_of(mask), keepdim);
  }
  if (order == 0)
    return reduce(fused::ReduceKind::sum, cast(x != filled_like(x, 0), x.dtype()), dims_of(mask), keepdim);
  if (order == 1) return reduce(fused::ReduceKind::sum, abs(x), dims_of(mask), keepdim);
  ensure(!std::isnan(order), op, ": the order must not be NaN");
  return apply(VectorNorm{.order = order, .dims = mask, .keepdim = keepdim}, x);
}

DEEPSEEK_FUNCTION(
    Tensor, norm,
    (const Tensor& input, Order p DEFAULT("fro"), Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
     std::optional<DType> dtype DEFAULT(std::nullopt)),
    "sum(|input| ** p) ** (1 / p) along `dim` (all dims when empty); the largest or smallest |input| for p = inf or "
    "-inf, the number of nonzero elements for p = 0. 'fro' is 2, 'nuc' the sum of the singular values of the matrices "
    "in two dims. "
    "Floating types only.") {
  if (p.word == "nuc") return matrix_norm_of("norm", input, p, dim.empty() ? Dims{-2, -1} : dim, keepdim, dtype);
  ensure(p.word.empty() || p.word == "fro", "norm: a word for p must be 'fro' or 'nuc', but is '", p.word, "'");
  return p_norm(input, p.word.empty() ? p.number : 2, dim, keepdim, dtype, "norm");
}
DEEPSEEK_FACTS(norm, .in = {"method"},
               .reference =
                   "numpy.linalg.norm(input.reshape(-1) if dim in ((), None) and p != 'nuc' else input, ord=2 if p == "
                   "'fro' else p, axis=None if "
                   "dim in ((), None) else dim, keepdims=keepdim)",
               .good = {"randn(2, 3)", "randn(3, 2), 'nuc'", "randn(3, 2), 'fro', 1", "randn(4, 3), 2, 1",
                        "randn(4, 3), 3, -1, keepdim=True", "randn(5), 1", "randn(5), 0.5", "randn(4, 3), inf, 0",
                        "randn(5), -inf"},
               .bad = {"ints(3)", "randn(3), 2, 1", "randn(2, 2), 'max'", "randn(3), 'nuc'"}, .tolerance = 1e-4);

DEEPSEEK_FUNCTION(Tensor, linalg_vector_norm,
                  (const Tensor& x, double ord DEFAULT(2), Dims dim DEFAULT({}), bool keepdim DEFAULT(false),
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "sum(|x| ** ord) ** (1 / ord) along `dim` (all dims when empty), as `norm`.") {
  return p_norm(x, ord, dim, keepdim, dtype, "linalg.vector_norm");
}
DEEPSEEK_FACTS(
    linalg_vector_norm, .in = {"linalg"},
    .reference =
        "numpy.linalg.norm(x.reshape(-1) if dim in ((), None) else x, ord=ord, axis=None if dim in ((), None) "
        "else dim, keepdims=keepdim)",
    .good = {"randn(2, 3)", "randn(4, 3), 1, 1"}, .bad = {"ints(3)", "randn(3), 2, 1"});

}  // namespace deepseek
