// Products with vectors, and products that are added to something.
#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/contraction/vectors.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Tensor scaled(const Tensor& t, double factor, std::string_view op) {
  if (factor == 1) return t;
  if (is_floating_point(t.dtype())) return t * factor;
  ensure(factor == static_cast<double>(static_cast<int64_t>(factor)), op, ": alpha and beta must be whole numbers for ",
         name_of(t.dtype()), " tensors");
  return t * static_cast<int64_t>(factor);
}

// What a product is added to. A beta of zero drops it whatever it holds, NaN too; its gradient is zero then.
Tensor addend(const Tensor& input, double beta, std::string_view op) {
  const Tensor lowered = autocast_lower(input);
  return beta == 0 ? where(Tensor(false), lowered, zeros_like(lowered)) : scaled(lowered, beta, op);
}

}  // namespace

Tensor contraction::added(std::string_view op, const Tensor& input, const Tensor& product, double beta, double alpha) {
  ensure(broadcastable_to(input.shape(), product.shape()), op, ": input must broadcast to ", to_string(product.shape()), ", but it is ",
         to_string(input.shape()));
  check_product_types(op, input, "input", product, "the product");
  return addend(input, beta, op) + scaled(product, alpha, op);
}

DEEPSEEK_FUNCTION(Tensor, dot, (const Tensor& input, const Tensor& other),
                  "The sum of the products of two vectors of equal length: a scalar.") {
  ensure(input.rank() == 1 && other.rank() == 1 && input.numel() == other.numel(),
         "dot: both operands must be vectors of equal length, but they are ", to_string(input.shape()), " and ",
         to_string(other.shape()));
  return matmul(input, other);
}
DEEPSEEK_FACTS(dot, .in = {"method"}, .reference = "np.dot(input, other)", .good = {"randn(4), randn(4)", "randn(0), randn(0)",
                                                                                    "ints(3), ints(3)"},
               .bad = {"randn(4), randn(3)", "randn(2, 2), randn(2, 2)"});

DEEPSEEK_FUNCTION(Tensor, mv, (const Tensor& input, const Tensor& vec),
                  "The product of the matrix `input` (m, k) and the vector `vec` (k): (m).") {
  ensure(input.rank() == 2 && vec.rank() == 1 && input.shape()[1] == vec.shape()[0],
         "mv: input must be (m, k) and vec (k), but they are ", to_string(input.shape()), " and ", to_string(vec.shape()));
  return matmul(input, vec);
}
DEEPSEEK_FACTS(mv, .in = {"method"}, .reference = "input @ vec", .good = {"randn(3, 4), randn(4)"},
               .bad = {"randn(3, 4), randn(3)", "randn(4), randn(4)"});

DEEPSEEK_FUNCTION(Tensor, outer, (const Tensor& input, const Tensor& vec2),
                  "The products of all pairs of elements of two vectors: (n, m).") {
  ensure(input.rank() == 1 && vec2.rank() == 1, "outer: both operands must be vectors, but they are ", to_string(input.shape()),
         " and ", to_string(vec2.shape()));
  return unsqueeze(input, 1) * vec2;
}
DEEPSEEK_FACTS(outer, .in = {"method"}, .reference = "np.outer(input, vec2)", .good = {"randn(3), randn(4)",
                                                                                       "ints(2), randn(3)"},
               .bad = {"randn(3, 1), randn(4)"});

DEEPSEEK_FUNCTION(Tensor, addmm, (const Tensor& input, const Tensor& mat1, const Tensor& mat2, double beta DEFAULT(1.0),
                                  double alpha DEFAULT(1.0)),
                  "beta * `input` + alpha * (`mat1` (m, k) times `mat2` (k, n)): (m, n); `input` broadcasts, and is ignored when "
                  "beta is 0.") {
  ensure(mat1.rank() == 2 && mat2.rank() == 2 && mat1.shape()[1] == mat2.shape()[0],
         "addmm: columns of mat1 must equal rows of mat2, but mat1 is ", to_string(mat1.shape()), " and mat2 is ",
         to_string(mat2.shape()));
  check_product_types("addmm", mat1, "mat1", mat2, "mat2");
  if (input.rank() == 1 && input.shape()[0] == mat2.shape()[1] && beta == 1 && alpha == 1) {
    check_product_types("addmm", input, "input", mat1, "mat1");
    return apply(MatMul{.bias = true}, mat1, mat2, input);
  }
  return contraction::added("addmm", input, product(mat1, mat2), beta, alpha);
}
DEEPSEEK_FACTS(addmm, .in = {"method"}, .reference = "beta * input + alpha * (mat1 @ mat2)",
               .good = {"randn(5), randn(3, 4), randn(4, 5)", "randn(3, 5), randn(3, 4), randn(4, 5), beta=0.5, alpha=2.0",
                        "randn(3, 1), randn(3, 4), randn(4, 5)", "randn(3, 5), randn(3, 4), randn(4, 5), beta=0.0"},
               .bad = {"randn(4), randn(3, 4), randn(4, 5)", "randn(5), randn(3, 4), randn(3, 5)"});

DEEPSEEK_FUNCTION(Tensor, baddbmm, (const Tensor& input, const Tensor& batch1, const Tensor& batch2, double beta DEFAULT(1.0),
                                    double alpha DEFAULT(1.0)),
                  "beta * `input` + alpha * (`batch1` (b, m, k) times `batch2` (b, k, n)): (b, m, n); `input` broadcasts, and is ignored "
                  "when beta is 0.") {
  ensure(batch1.rank() == 3 && batch2.rank() == 3 && batch1.shape()[0] == batch2.shape()[0] &&
         batch1.shape()[2] == batch2.shape()[1], "baddbmm: batch1 must be (b, m, k) and batch2 (b, k, n), but they are ",
         to_string(batch1.shape()), " and ", to_string(batch2.shape()));
  check_product_types("baddbmm", batch1, "batch1", batch2, "batch2");
  return contraction::added("baddbmm", input, product(batch1, batch2), beta, alpha);
}
DEEPSEEK_FACTS(baddbmm, .in = {"method"}, .reference = "beta * input + alpha * (batch1 @ batch2)",
               .good = {"randn(2, 3, 5), randn(2, 3, 4), randn(2, 4, 5), alpha=0.5"},
               .bad = {"randn(4), randn(2, 3, 4), randn(2, 4, 5)"});

DEEPSEEK_FUNCTION(Tensor, bilinear,
                  (const Tensor& input1, const Tensor& input2, const Tensor& weight,
                   std::optional<Tensor> bias DEFAULT(std::nullopt)),
                  "x1' W x2 + bias for each row x1 of `input1` (..., in1), x2 of `input2` (..., in2) and each matrix W of "
                  "`weight` (out, in1, in2): (..., out).") {
  ensure(weight.rank() == 3, "bilinear: weight must be (out, in1, in2), but it is ", to_string(weight.shape()));
  const int64_t out = weight.shape()[0], in1 = weight.shape()[1], in2 = weight.shape()[2];
  ensure(input1.rank() >= 1 && input1.shape().back() == in1 && input2.rank() == input1.rank() && input2.shape().back() == in2 &&
             std::equal(input1.shape().begin(), input1.shape().end() - 1, input2.shape().begin()),
         "bilinear: weight ", to_string(weight.shape()), " expects inputs (..., ", in1, ") and (..., ", in2, "), but they are ",
         to_string(input1.shape()), " and ", to_string(input2.shape()));
  ensure(!bias || (bias->rank() == 1 && bias->shape()[0] == out), "bilinear: bias must be (", out, ",), but it is ", bias ?
         to_string(bias->shape()) : "");
  check_product_types("bilinear", input1, "input1", input2, "input2");
  check_product_types("bilinear", input1, "input1", weight, "weight");
  Shape shape = input1.shape();
  shape.pop_back();
  const int64_t rows = shape.numel();
  shape.push_back(out);
  // (rows, in1) x (in1, out * in2) per row, then weighted by x2.
  const Tensor left = reshape(product(reshape(input1, {rows, in1}), reshape(permute(weight, {1, 0, 2}), {in1, out * in2})),
                              {rows, out, in2});
  const Tensor y = reshape(product(left, reshape(input2, {rows, in2, 1})), shape);
  return bias ? y + autocast_lower(*bias) : y;
}
DEEPSEEK_FACTS(bilinear, .in = {"functional"},
               .reference = "np.einsum('...i,oij,...j->...o', input1, weight, input2) + (0 if bias is None else bias)",
               .good = {"randn(3, 2), randn(3, 4), randn(5, 2, 4), randn(5)", "randn(2, 3, 2), randn(2, 3, 4), randn(5, 2, 4)"},
               .bad = {"randn(3, 2), randn(3, 4), randn(5, 3, 4)", "randn(3, 2), randn(2, 4), randn(5, 2, 4)"});

}  // namespace deepseek
