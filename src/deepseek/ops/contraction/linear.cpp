#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, linear, (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt)),
                  "`input` (..., in) times the transposed `weight` (out, in), plus `bias` (out): (..., out).") {
  ensure(weight.rank() == 2, "linear: weight must be (out, in), but it is ", to_string(weight.shape()));
  ensure(input.rank() >= 1 && input.shape().back() == weight.shape()[1], "linear: weight ", to_string(weight.shape()),
         " expects ", weight.shape()[1], " features in the last dim, but input is ", to_string(input.shape()));
  check_product_types("linear", input, "input", weight, "weight");
  if (bias) {
    ensure(bias->rank() == 1 && bias->shape()[0] == weight.shape()[0], "linear: bias must be (", weight.shape()[0],
           ",) for weight ", to_string(weight.shape()), ", but it is ", to_string(bias->shape()));
    check_product_types("linear", input, "input", *bias, "bias");
  }
  const Tensor x = input.rank() == 1 ? reshape(input, {1, input.numel()}) : input;
  const MatMul op{.transpose_b = true, .bias = bias.has_value()};
  const Tensor y = bias ? apply(op, x, weight, *bias) : apply(op, x, weight);
  return input.rank() == 1 ? reshape(y, {weight.shape()[0]}) : y;
}
DEEPSEEK_FACTS(linear, .in = {"functional"}, .reference = "input @ weight.T + (0 if bias is None else bias)",
               .good = {"randn(3, 4), randn(5, 4), randn(5)", "randn(2, 3, 4), randn(5, 4)", "randn(4), randn(5, 4), randn(5)",
                        "randn(0, 4), randn(5, 4), randn(5)", "randn(20, 30), randn(40, 30), randn(40)"},
               .bad = {"randn(2, 5), randn(4, 3)", "randn(2, 3), randn(4, 3), randn(3)", "ints(2, 3), randn(4, 3)",
                       "randn(2, 3), randn(3)"});

}  // namespace deepseek
