// empty_strided, new_empty, new_empty_strided, empty_permuted, scalar_tensor.
#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"

namespace deepseek {
namespace {

// Strides are a wish: the plans that compute a tensor choose how it lies in memory, and so does this one.
void check_strides(const Dims& size, const Dims& stride, std::string_view op) {
  ensure(size.size() == stride.size(), op, ": size and stride must be of one length, but are ", to_string(size), " and ", to_string(stride));
  for (int64_t s : stride) ensure(s >= 0, op, ": strides must not be negative, but are ", to_string(stride));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, new_empty, (const Tensor& input, Dims size, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "A tensor of the given size with open content, of the element type of `input` unless another is given.") {
  return empty(size, dtype.value_or(input.dtype()));
}
DEEPSEEK_FACTS(new_empty, .in = {"method", "hidden"}, .good = {"randn(2), (2, 3)", "ints(2), (0,)"}, .bad = {"randn(2), (-1,)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, empty_strided,
                  (Dims size, Dims stride, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor of the given size with open content. How it lies in memory is chosen by what computes it; `stride` is "
                  "checked and otherwise not used.") {
  check_strides(size, stride, "empty_strided");
  return empty(size, dtype, requires_grad);
}
DEEPSEEK_FACTS(empty_strided, .good = {"(2, 3), (1, 2)"}, .bad = {"(2, 3), (1,)", "(2,), (-1,)"});

DEEPSEEK_FUNCTION(Tensor, new_empty_strided,
                  (const Tensor& input, Dims size, Dims stride, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "`empty_strided` with the element type of `input` unless another is given.") {
  check_strides(size, stride, "new_empty_strided");
  return empty(size, dtype.value_or(input.dtype()));
}
DEEPSEEK_FACTS(new_empty_strided, .in = {"method", "hidden"}, .good = {"randn(2), (2, 3), (1, 2)"}, .bad = {"randn(2), (2, 3), (1,)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, empty_permuted,
                  (Dims size, Dims physical_layout, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor of the given size with open content. How it lies in memory is chosen by what computes it; "
                  "`physical_layout`, an order of the dims, is checked and otherwise not used.") {
  Dims sorted = physical_layout;
  std::sort(sorted.begin(), sorted.end());
  bool all = sorted.size() == size.size();
  for (int d = 0; d < sorted.size(); ++d) all = all && sorted[d] == d;
  ensure(all, "empty_permuted: physical_layout must name each dim of size ", to_string(size), " once, but is ", to_string(physical_layout));
  return empty(size, dtype, requires_grad);
}
DEEPSEEK_FACTS(empty_permuted, .good = {"(2, 3), (1, 0)"}, .bad = {"(2, 3), (1, 1)", "(2, 3), (0,)"});

DEEPSEEK_FUNCTION(Tensor, scalar_tensor,
                  (double s, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "A tensor without dims that holds `s`; of the default floating type unless another is given.") {
  return full({}, Tensor(s), creation::or_default(dtype), requires_grad);
}
DEEPSEEK_FACTS(scalar_tensor, .reference = "numpy.asarray(s)", .good = {"1.5", "2, dtype=int64"});

}  // namespace deepseek
