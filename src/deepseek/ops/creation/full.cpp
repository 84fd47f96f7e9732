// Constant tensors: zeros, ones, full, empty and their _like and new_ forms.
#include "deepseek/ops/creation/sizes.h"

namespace deepseek {
namespace {

Tensor constant(const Shape& size, double value, DType dtype, bool requires_grad, std::string_view op) {
  creation::check_size(size, op);
  return creation::finish(filled(size, creation::scalar_of(value, dtype)), requires_grad);
}

Tensor constant_like(const Tensor& input, double value, std::optional<DType> dtype, bool requires_grad) {
  return creation::finish(filled(input.shape(), creation::scalar_of(value, dtype.value_or(input.dtype()))), requires_grad);
}

Tensor full_of(const Shape& size, const Tensor& value, std::optional<DType> dtype, bool requires_grad, std::string_view op) {
  creation::check_size(size, op);
  ensure(value.rank() == 0, op, ": fill_value must be a number or have no dims, but has shape ", to_string(value.shape()));
  return creation::finish(filled(size, cast(value, dtype.value_or(value.dtype()))), requires_grad);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, zeros,
                  (Dims size, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor of the given size filled with 0; dtype is the default floating type unless given.") {
  return constant(size, 0, creation::or_default(dtype), requires_grad, "zeros");
}
DEEPSEEK_FACTS(zeros, .reference = "numpy.zeros(size, dtype and str(dtype).split('.')[1])",
               .good = {"(2, 3)", "()", "(0, 3)", "(2,), dtype=int64"}, .bad = {"(-1, 2)"});

DEEPSEEK_FUNCTION(Tensor, ones,
                  (Dims size, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor of the given size filled with 1; dtype is the default floating type unless given.") {
  return constant(size, 1, creation::or_default(dtype), requires_grad, "ones");
}
DEEPSEEK_FACTS(ones, .reference = "numpy.ones(size, dtype if isinstance(dtype, (type(None), type)) else str(dtype).split('.')[1])",
               .good = {"(2, 3)", "()", "(0, 3)", "(2,), dtype=bool"}, .bad = {"(-1, 2)"});

DEEPSEEK_FUNCTION(Tensor, empty,
                  (Dims size, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor of the given size for values to come. It holds zeros: a lazy tensor of zeros costs nothing, and a "
                  "forgotten write gives the same result every time.") {
  return constant(size, 0, creation::or_default(dtype), requires_grad, "empty");
}
DEEPSEEK_FACTS(empty, .reference = "numpy.zeros(size)", .good = {"(2, 3)"}, .bad = {"(-1, 2)"});

DEEPSEEK_FUNCTION(Tensor, full,
                  (Dims size, const Tensor& fill_value, std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "A tensor of the given size filled with fill_value, a number or a tensor without dims.\n\n"
                  "dtype is that of the value unless given: int64 for an int, bool for a bool, the default floating type for a "
                  "float.") {
  return full_of(size, fill_value, dtype, requires_grad, "full");
}
DEEPSEEK_FACTS(full, .reference = "numpy.full(size, fill_value)", .good = {"(2, 3), 1.5", "(2, 3), 7", "(), True", "(0,), 2.0"},
               .bad = {"(-1,), 0.0", "(2,), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, zeros_like,
                  (const Tensor& input, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Zeros of the shape of input, and of its dtype unless another is given.") {
  return constant_like(input, 0, dtype, requires_grad);
}
DEEPSEEK_FACTS(zeros_like, .reference = "numpy.zeros_like(input)", .good = {"randn(2, 3)", "ints(4)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, ones_like,
                  (const Tensor& input, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Ones of the shape of input, and of its dtype unless another is given.") {
  return constant_like(input, 1, dtype, requires_grad);
}
DEEPSEEK_FACTS(ones_like, .reference = "numpy.ones_like(input)", .good = {"randn(2, 3)", "ints(4)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, empty_like,
                  (const Tensor& input, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Zeros of the shape of input for values to come, and of its dtype unless another is given.") {
  return constant_like(input, 0, dtype, requires_grad);
}
DEEPSEEK_FACTS(empty_like, .reference = "numpy.zeros_like(input)", .good = {"randn(2, 3)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, full_like,
                  (const Tensor& input, const Tensor& fill_value, std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "fill_value in the shape of input, and in its dtype unless another is given.") {
  return full_of(input.shape(), fill_value, dtype.value_or(input.dtype()), requires_grad, "full_like");
}
DEEPSEEK_FACTS(full_like, .reference = "numpy.full_like(input, fill_value)", .good = {"randn(2, 3), 1.5", "ints(4), 3"},
               .bad = {"randn(2), randn(2)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, new_zeros, (const Tensor& input, Dims size, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Zeros of the given size, in the dtype of input unless another is given.") {
  return constant(size, 0, dtype.value_or(input.dtype()), false, "new_zeros");
}
DEEPSEEK_FACTS(new_zeros, .in = {"method"}, .reference = "numpy.zeros(size, input.dtype)", .good = {"ints(2), (2, 3)"},
               .bad = {"ints(2), (-1,)"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, new_ones, (const Tensor& input, Dims size, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Ones of the given size, in the dtype of input unless another is given.") {
  return constant(size, 1, dtype.value_or(input.dtype()), false, "new_ones");
}
DEEPSEEK_FACTS(new_ones, .in = {"method"}, .reference = "numpy.ones(size, input.dtype)", .good = {"ints(2), (2, 3)"},
               .bad = {"ints(2), (-1,)"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, new_full,
                  (const Tensor& input, Dims size, const Tensor& fill_value, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "fill_value in the given size, in the dtype of input unless another is given.") {
  return full_of(size, fill_value, dtype.value_or(input.dtype()), false, "new_full");
}
DEEPSEEK_FACTS(new_full, .in = {"method"}, .reference = "numpy.full(size, fill_value)", .good = {"ints(2), (2, 3), 5"},
               .bad = {"ints(2), (-1,), 5"}, .check_grad = false);

}  // namespace deepseek
