// The matrix product that all contractions of two tensors come down to.
#pragma once
#include "deepseek/ops/op.h"

namespace deepseek {

// (..., m, k) x (..., k, n) [+ bias (n)] -> (..., m, n); the dims in front broadcast. A transposed operand is given as
// (..., k, m) or (..., n, k): the kernel reads it by its strides.
struct MatMul : KernelOp {
  static constexpr OpInfo info{.name = "matmul", .amp = Amp::lower, .onnx = "MatMul", .tflite = "BATCH_MATMUL"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr int max_post_ops = 3;
  bool transpose_a = false, transpose_b = false, bias = false;
  static constexpr auto attrs = std::tuple{&MatMul::transpose_a, &MatMul::transpose_b, &MatMul::bias};

  Spec infer(Specs in) const;
  KernelFn prepare(KernelContext& context) const;
  void gradient(Grad& g) const;
};

// Raises a type error unless all have one type, and the type has products.
void check_product_types(std::string_view op, const Tensor& a, std::string_view a_name, const Tensor& b, std::string_view b_name);

inline Tensor product(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false) {
  return apply(MatMul{.transpose_a = transpose_a, .transpose_b = transpose_b}, a, b);
}

}  // namespace deepseek
