// hsplit, vsplit, dsplit: tensor_split along a fixed dim.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

TensorList split_along(const Tensor& input, int dim, Sections cuts, std::string_view op) {
  if (cuts.number) {
    const int64_t n = input.shape()[dim];
    ensure(*cuts.number > 0 && n % *cuts.number == 0, op, ": size ", n, " of dim ", dim, " is not divisible into ", *cuts.number,
           " equal parts");
  }
  return tensor_split(input, std::move(cuts), dim);
}

}  // namespace

DEEPSEEK_FUNCTION(TensorList, hsplit, (const Tensor& input, Sections indices_or_sections),
                  "Views of consecutive parts along dim 1, or dim 0 of a vector: a number of equal parts, or parts that begin at "
                  "the given indices.") {
  ensure(input.rank() >= 1, "hsplit: input must have at least one dim, but is a scalar");
  return split_along(input, input.rank() == 1 ? 0 : 1, std::move(indices_or_sections), "hsplit");
}
DEEPSEEK_FACTS(hsplit, .in = {"method"}, .reference = "tuple(numpy.hsplit(input, indices_or_sections))",
               .good = {"randn(4), 2", "randn(2, 6), 3", "randn(2, 5), (1, 3)"}, .bad = {"randn(), 1", "randn(5), 2", "randn(4), 0"});

DEEPSEEK_FUNCTION(TensorList, vsplit, (const Tensor& input, Sections indices_or_sections),
                  "Views of consecutive parts along dim 0 of a tensor of at least two dims: a number of equal parts, or parts that "
                  "begin at the given indices.") {
  ensure(input.rank() >= 2, "vsplit: input must have at least two dims, but is ", to_string(input.shape()));
  return split_along(input, 0, std::move(indices_or_sections), "vsplit");
}
DEEPSEEK_FACTS(vsplit, .in = {"method"}, .reference = "tuple(numpy.vsplit(input, indices_or_sections))",
               .good = {"randn(4, 2), 2", "randn(5, 2), (1, 3)"}, .bad = {"randn(4), 2", "randn(5, 2), 2"});

DEEPSEEK_FUNCTION(TensorList, dsplit, (const Tensor& input, Sections indices_or_sections),
                  "Views of consecutive parts along dim 2 of a tensor of at least three dims: a number of equal parts, or parts "
                  "that begin at the given indices.") {
  ensure(input.rank() >= 3, "dsplit: input must have at least three dims, but is ", to_string(input.shape()));
  return split_along(input, 2, std::move(indices_or_sections), "dsplit");
}
DEEPSEEK_FACTS(dsplit, .in = {"method"}, .reference = "tuple(numpy.dsplit(input, indices_or_sections))",
               .good = {"randn(2, 1, 4), 2", "randn(2, 1, 5), (1, 3)"}, .bad = {"randn(4, 4), 2", "randn(2, 1, 5), 2"});

}  // namespace deepseek
