#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/standardize.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

void check_trailing(std::string_view op, const Tensor& x, const Dims& shape) {
  ensure(!shape.empty(), op, ": normalized_shape must name at least one dim");
  const int first = x.rank() - shape.size();
  ensure(first >= 0 && std::equal(shape.begin(), shape.end(), x.shape().begin() + first), op,
         ": input must end in normalized_shape ", to_string(shape), ", but it is ", to_string(x.shape()));
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be floating point, but it is ", name_of(x.dtype()));
}

void check_parameter(std::string_view op, std::string_view name, const std::optional<Tensor>& t, const Dims& shape) {
  if (!t) return;
  ensure(t->shape() == shape, op, ": ", name, " must be ", to_string(shape), ", but it is ", to_string(t->shape()));
  if (!is_floating_point(t->dtype())) raise_type(op, ": ", name, " must be floating point, but it is ", name_of(t->dtype()));
}

Dims last_dims(int rank, int count) {
  Dims dims;
  for (int d = rank - count; d < rank; ++d) dims.push_back(d);
  return dims;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, layer_norm,
                  (const Tensor& input, Dims normalized_shape, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::optional<Tensor> bias DEFAULT(std::nullopt), double eps DEFAULT(1e-5)),
                  "`input` (..., normalized_shape) with the mean over its last dims taken off and divided by their deviation, "
                  "times `weight` plus `bias` (both normalized_shape).") {
  check_trailing("layer_norm", input, normalized_shape);
  check_parameter("layer_norm", "weight", weight, normalized_shape);
  check_parameter("layer_norm", "bias", bias, normalized_shape);
  Standardize op;
  op.dims = last_dims(input.rank(), normalized_shape.size()), op.eps = eps;
  return standardize(op, input, weight, bias)[0];
}
DEEPSEEK_FACTS(layer_norm, .in = {"functional"},
               .reference = "references.standardize(input, references.trailing(input, normalized_shape), eps, weight, bias)",
               .good = {"randn(3, 5), 5", "randn(2, 3, 4), (3, 4), rand(3, 4), randn(3, 4)", "randn(2, 3, 8), 8, rand(8)",
                        "randn(4, 6), 6, bias=randn(6)", "randn(0, 5), 5"},
               .bad = {"randn(3, 5), 4", "randn(3, 5), 5, randn(4)", "ints(3, 5), 5", "randn(5), (3, 5)"});

DEEPSEEK_FUNCTION(Tensor, rms_norm,
                  (const Tensor& input, Dims normalized_shape, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::optional<double> eps DEFAULT(std::nullopt)),
                  "`input` (..., normalized_shape) divided by the root of the mean square over its last dims, times `weight`.\n"
                  "`eps` is the type's resolution unless given.") {
  check_trailing("rms_norm", input, normalized_shape);
  check_parameter("rms_norm", "weight", weight, normalized_shape);
  Standardize op;
  op.dims = last_dims(input.rank(), normalized_shape.size()), op.centre = false;
  op.eps = eps.value_or(input.dtype() == DType::float64    ? std::numeric_limits<double>::epsilon()
                        : input.dtype() == DType::bfloat16 ? 0x1p-7
                        : input.dtype() == DType::float16  ? 0x1p-10
                                                           : static_cast<double>(std::numeric_limits<float>::epsilon()));
  return standardize(op, input, weight, std::nullopt)[0];
}
DEEPSEEK_FACTS(rms_norm, .in = {"functional"}, .reference = "references.rms_norm(input, normalized_shape, weight, eps)",
               .good = {"randn(3, 5), 5", "randn(2, 3, 4), (3, 4), rand(3, 4), 1e-5"},
               .bad = {"randn(3, 5), 4", "randn(3, 5), 5, randn(4)"});

DEEPSEEK_FUNCTION(Tensor, group_norm,
                  (const Tensor& input, int64_t num_groups, std::optional<Tensor> weight DEFAULT(std::nullopt),
                   std::optional<Tensor> bias DEFAULT(std::nullopt), double eps DEFAULT(1e-5)),
                  "`input` (batch, channels, ...) in `num_groups` groups of channels, each with its mean taken off and divided "
                  "by its deviation, "
                  "times `weight` plus `bias` (channels).") {
  ensure(input.rank() >= 2, "group_norm: input must be (batch, channels, ...), but it is ", to_string(input.shape()));
  if (!is_floating_point(input.dtype())) raise_type("group_norm: input must be floating point, but it is ",
                                                    name_of(input.dtype()));
  const int64_t channels = input.shape()[1];
  ensure(num_groups >= 1 && channels % num_groups == 0, "group_norm: ", channels, " channels cannot be split into ", num_groups,
         " groups (input ", to_string(input.shape()), ")");
  check_parameter("group_norm", "weight", weight, {channels});
  check_parameter("group_norm", "bias", bias, {channels});
  const Shape& s = input.shape();
  int64_t pixels = 1;
  for (int d = 2; d < s.size(); ++d) pixels *= s[d];
  const auto grouped = [&](const std::optional<Tensor>& t) -> std::optional<Tensor> {
    if (!t) return std::nullopt;
    return reshape(*t, {num_groups, channels / num_groups, 1});
  };
  Standardize op;
  op.dims = {2, 3}, op.eps = eps;
  const Tensor x = reshape(input, {s[0], num_groups, channels / num_groups, pixels});
  return reshape(standardize(op, x, grouped(weight), grouped(bias))[0], s);
}
DEEPSEEK_FACTS(group_norm, .in = {"functional"}, .reference = "references.group_norm(input, num_groups, weight, bias, eps)",
               .good = {"randn(2, 6, 4), 3, rand(6), randn(6)", "randn(2, 4, 3, 3), 2", "randn(3, 4), 2, rand(4)",
                        "randn(0, 4, 3), 2"},
               .bad = {"randn(2, 5, 3), 2", "randn(2, 4, 3), 2, randn(3)", "randn(4), 2"});

}  // namespace deepseek
