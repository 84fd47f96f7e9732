#include "deepseek/ops/autocast.h"
#include "deepseek/ops/contraction/matmul.h"

#include "deepseek/backends/cpu/gemm/panels.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Shape batch_of(const Shape& s) { return Shape(std::span(s.data(), static_cast<size_t>(s.size() - 2))); }

// The operand as the plain product reads it.
Operand turned(const Operand& x, bool transposed) {
  Operand o = x;
  const int r = o.spec.rank();
  if (transposed) {
    std::swap(o.spec.shape[r - 1], o.spec.shape[r - 2]);
    std::swap(o.strides[r - 1], o.strides[r - 2]);
  }
  return o;
}

// Leading dims become rows, so that a sum over them happens inside the product.
Tensor as_rows(const Tensor& t) {
  const int64_t cols = t.shape().back();
  return t.rank() == 2 ? t : reshape(t, {cols == 0 ? batch_of(t.shape()).numel() * t.shape()[t.rank() - 2] : t.numel() / cols,
                                         cols});
}

}  // namespace

void check_product_types(std::string_view op, const Tensor& a, std::string_view a_name, const Tensor& b,
                         std::string_view b_name) {
  const auto made_equal = [&] { return autocast_on() && autocast_takes(a.dtype()) && autocast_takes(b.dtype()); };
  if (a.dtype() != b.dtype() && !made_equal()) {
    raise_type(op, ": ", a_name, " is ", name_of(a.dtype()), " and ", b_name, " is ", name_of(b.dtype()),
               "; convert one of them with to()");
  }
  if (a.dtype() == DType::bool_) raise_type(op, ": bool tensors have no product; convert them with to()");
}

Spec MatMul::infer(Specs in) const {
  const Spec &a = *in[0], &b = *in[1];
  const int ra = a.rank(), rb = b.rank();
  DEEPSEEK_CHECK(ra >= 2 && rb >= 2 && a.dtype == b.dtype);
  Shape shape = broadcast(batch_of(a.shape), batch_of(b.shape), "matmul");
  shape.push_back(a.shape[ra - (transpose_a ? 1 : 2)]);
  shape.push_back(b.shape[rb - (transpose_b ? 2 : 1)]);
  return {a.dtype, shape};
}

KernelFn MatMul::prepare(KernelContext& context) const {
  const Operand& out = context.outputs[0];
  if (bias) context.inputs[2].strides = contiguous_strides(context.inputs[2].spec.shape);
  for (const PostOp& p : context.post_ops) {
    if (p.kind == PostOp::Kind::add_operand) context.inputs[static_cast<size_t>(p.input)].strides = out.strides;
  }
  gemm::MatMulShape shape = gemm::matmul_shape(turned(context.inputs[0], transpose_a), turned(context.inputs[1], transpose_b), out);
  gemm::Epilogue epilogue{.bias = bias ? 2 : -1, .post_ops = context.post_ops};
  if (out.spec.dtype == DType::float32) {
    if (KernelFn kernel = gemm::make_panel_matmul(shape, epilogue, context)) return kernel;
  }
  return gemm::make_matmul(out.spec.dtype, std::move(shape), std::move(epilogue));
}

void MatMul::gradient(Grad& g) const {
  const Tensor a = g.input(0), b = g.input(1), up = g.grad();
  // a = up b', b = a' up; a transposed operand gets the transposed gradient, which is the same product the other way round.
  if (g.needs(0)) g.set(0, transpose_a ? product(b, up, transpose_b, true) : product(up, b, false, !transpose_b));
  if (g.needs(1)) {
    const bool flat = b.rank() == 2 && a.rank() > 2 && !transpose_a;
    const Tensor rows = flat ? as_rows(a) : a, grads = flat ? as_rows(up) : up;
    g.set(1, transpose_b ? product(grads, rows, true, transpose_a) : product(rows, grads, !transpose_a, false));
  }
  if (bias && g.needs(2)) g.set(2, up);
}

DEEPSEEK_FUNCTION(Tensor, matmul, (const Tensor& input, const Tensor& other),
                  "The matrix product of `input` (..., m, k) and `other` (..., k, n): (..., m, n); the dims in front "
                  "broadcast. "
                  "A 1-D operand is a row on the left and a column on the right, and its dim is missing in the result.") {
  if (input.rank() == 0 || other.rank() == 0) {
    raise_value("matmul: both operands need at least one dim, but they are ", to_string(input.shape()), " and ",
                to_string(other.shape()));
  }
  check_product_types("matmul", input, "input", other, "other");
  const int64_t rows = other.shape()[std::max(other.rank() - 2, 0)];
  ensure(input.shape().back() == rows, "matmul: columns of a must equal rows of b, but a is ", to_string(input.shape()),
         " and b is ", to_string(other.shape()));
  const Tensor a = input.rank() == 1 ? reshape(input, {1, rows}) : input;
  const Tensor b = other.rank() == 1 ? reshape(other, {rows, 1}) : other;
  const Tensor c = product(a, b);
  if (input.rank() > 1 && other.rank() > 1) return c;
  Shape shape = c.shape();
  if (other.rank() == 1) shape.pop_back();
  if (input.rank() == 1) shape.erase(shape.size() - (other.rank() == 1 ? 1 : 2));
  return reshape(c, shape);
}
DEEPSEEK_FACTS(matmul, .in = {"method"}, .reference = "input @ other",
               .good = {"randn(3, 4), randn(4, 5)", "randn(4), randn(4)", "randn(3, 4), randn(4)", "randn(4), randn(2, 4, 3)",
                        "randn(2, 1, 3, 4), randn(5, 4, 2)", "randn(2, 3, 4), randn(4, 5)", "randn(0, 4), randn(4, 3)",
                        "randn(3, 0), randn(0, 2)", "randn(1, 40), randn(40, 30)", "ints(3, 4), ints(4, 2)"},
               .bad = {"randn(4, 3), randn(5, 2)", "randn(2, 3, 4), randn(3, 4, 5)", "randn(3, 4), randn(3)",
                       "randn(3), ints(3)"});

DEEPSEEK_FUNCTION(Tensor, mm, (const Tensor& input, const Tensor& mat2),
                  "The product of the matrices `input` (m, k) and `mat2` (k, n): (m, n).") {
  ensure(input.rank() == 2 && mat2.rank() == 2, "mm: both operands must be matrices, but they are ", to_string(input.shape()),
         " and ", to_string(mat2.shape()));
  ensure(input.shape()[1] == mat2.shape()[0], "mm: columns of input must equal rows of mat2, but input is ",
         to_string(input.shape()), " and mat2 is ", to_string(mat2.shape()));
  check_product_types("mm", input, "input", mat2, "mat2");
  return product(input, mat2);
}
DEEPSEEK_FACTS(mm, .in = {"method"}, .reference = "input @ mat2", .good = {"randn(3, 4), randn(4, 5)"},
               .bad = {"randn(3, 4), randn(3, 4)", "randn(2, 3, 4), randn(4, 2)"});

DEEPSEEK_FUNCTION(Tensor, bmm, (const Tensor& input, const Tensor& mat2),
                  "The products of the matrices of two batches: `input` (b, m, k) and `mat2` (b, k, n) give (b, m, n).") {
  ensure(input.rank() == 3 && mat2.rank() == 3 && input.shape()[0] == mat2.shape()[0] && input.shape()[2] == mat2.shape()[1],
         "bmm: input must be (b, m, k) and mat2 (b, k, n), but they are ", to_string(input.shape()), " and ",
         to_string(mat2.shape()));
  check_product_types("bmm", input, "input", mat2, "mat2");
  return product(input, mat2);
}
DEEPSEEK_FACTS(bmm, .in = {"method"}, .reference = "input @ mat2", .good = {"randn(2, 3, 4), randn(2, 4, 5)",
                                                                            "randn(0, 3, 4), randn(0, 4, 5)"},
               .bad = {"randn(2, 3, 4), randn(1, 4, 5)", "randn(3, 4), randn(4, 5)", "randn(2, 3, 4), randn(2, 3, 4)"});

}  // namespace deepseek
