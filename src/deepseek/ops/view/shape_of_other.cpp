// Views under names of their own that are reshape, expand and permute.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(
    Tensor, view, (const Tensor& input, Dims shape),
    "The same elements under another shape, as `reshape`; one entry may be -1. Memory layout is no part of the "
    "interface, so nothing is refused for its strides.") {
  return reshape(input, shape);
}
DEEPSEEK_FACTS(view, .in = {"method"}, .reference = "numpy.reshape(input, shape)",
               .good = {"randn(2, 6), (3, 4)", "randn(2, 6), (-1,)", "ints(4), (2, -1, 1)"},
               .bad = {"randn(2, 3), (4, 2)", "randn(2, 3), (-1, -1)"});

DEEPSEEK_FUNCTION(Tensor, view_as, (const Tensor& input, const Tensor& other),
                  "View of `input` with the shape of `other`.") {
  return reshape(input, other.shape());
}
DEEPSEEK_FACTS(view_as, .in = {"method"}, .reference = "numpy.reshape(input, other.shape)",
               .good = {"randn(2, 6), ints(3, 4)"}, .bad = {"randn(2, 3), ints(4, 2)"});

DEEPSEEK_FUNCTION(Tensor, reshape_as, (const Tensor& input, const Tensor& other),
                  "`input` with the shape of `other`.") {
  return reshape(input, other.shape());
}
DEEPSEEK_FACTS(reshape_as, .in = {"method"}, .reference = "numpy.reshape(input, other.shape)",
               .good = {"randn(2, 6), ints(3, 4)"}, .bad = {"randn(2, 3), ints(4, 2)"});

DEEPSEEK_FUNCTION(Tensor, expand_as, (const Tensor& input, const Tensor& other),
                  "View of `input` broadcast to the shape of `other`.") {
  return expand(input, other.shape());
}
DEEPSEEK_FACTS(expand_as, .in = {"method"}, .reference = "numpy.broadcast_to(input, other.shape)",
               .good = {"randn(3, 1), ints(2, 3, 4)", "randn(), ints(2)"}, .bad = {"randn(3), ints(2)"});

DEEPSEEK_FUNCTION(Tensor, broadcast_to, (const Tensor& input, Dims size), "View of `input` broadcast to `size`.") {
  return expand(input, size);
}
DEEPSEEK_FACTS(broadcast_to, .in = {"method"}, .reference = "numpy.broadcast_to(input, size)",
               .good = {"randn(3, 1), (2, 3, 4)", "randn(), (2,)"}, .bad = {"randn(3), (2,)"});

DEEPSEEK_FUNCTION(Tensor, mT, (const Tensor& input), "View with the last two dims exchanged.") {
  ensure(input.rank() >= 2, "mT: the tensor must have at least 2 dims, but its shape is ", to_string(input.shape()));
  return transpose(input, -2, -1);
}
DEEPSEEK_FACTS(mT, .in = {"hidden"}, .reference = "numpy.swapaxes(input, -2, -1)",
               .good = {"randn(2, 3)", "randn(2, 3, 4)"}, .bad = {"randn(3)"});

DEEPSEEK_FUNCTION(TensorList, broadcast_tensors, (const TensorList& tensors),
                  "Views of the tensors, all broadcast to one shape.") {
  Shape shape;
  for (const Tensor& x : tensors) shape = broadcast(shape, x.shape(), "broadcast_tensors");
  TensorList out;
  for (const Tensor& x : tensors) out.push_back(expand(x, shape));
  return out;
}
DEEPSEEK_FACTS(broadcast_tensors, .reference = "tuple(numpy.broadcast_arrays(*tensors))",
               .good = {"[randn(3, 1), randn(4)]"}, .bad = {"[randn(3), randn(4)]"});

DEEPSEEK_FUNCTION(
    TensorList, meshgrid, (const TensorList& tensors, const std::string& indexing DEFAULT("ij")),
    "The coordinates of a grid: tensor i varies along dim i and is constant along the others. With indexing='xy' the "
    "first two dims are exchanged.") {
  ensure(indexing == "ij" || indexing == "xy", "meshgrid: indexing must be 'ij' or 'xy', but is '", indexing, "'");
  Shape shape;
  for (const Tensor& x : tensors) {
    ensure(x.rank() <= 1, "meshgrid: the tensors must have at most one dim, but one has the shape ",
           to_string(x.shape()));
    shape.push_back(x.numel());
  }
  TensorList out;
  for (int i = 0; i < static_cast<int>(tensors.size()); ++i) {
    Shape line = Dims::filled(shape.size(), 1);
    line[i] = shape[i];
    const Tensor grid = expand(reshape(tensors[static_cast<size_t>(i)], line), shape);
    out.push_back(indexing == "xy" && shape.size() >= 2 ? transpose(grid, 0, 1) : grid);
  }
  return out;
}
DEEPSEEK_FACTS(meshgrid, .reference = "tuple(numpy.meshgrid(*tensors, indexing=indexing))",
               .good = {"[randn(3), randn(4)]", "[randn(3), randn(4), randn(2)], 'xy'", "[ints(3)]"},
               .bad = {"[randn(3, 2), randn(4)]", "[randn(3)], 'yx'"});

}  // namespace deepseek
