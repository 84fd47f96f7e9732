#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Tensor swapped(const Tensor& input, int64_t dim0, int64_t dim1, std::string_view op) {
  const int a = wrap_dim(dim0, input.rank(), op), b = wrap_dim(dim1, input.rank(), op);
  Dims order;
  for (int d = 0; d < input.rank(); ++d) order.push_back(d == a ? b : d == b ? a : d);
  return permute(input, order);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, transpose, (const Tensor& input, int64_t dim0, int64_t dim1),
                  "View with two dims exchanged.") {
  return swapped(input, dim0, dim1, "transpose");
}
DEEPSEEK_FACTS(transpose, .in = {"method"}, .reference = "numpy.swapaxes(input, dim0, dim1)",
               .good = {"randn(2, 3), 0, 1", "randn(2, 3, 4), -1, 0", "ints(2, 3, 4), 1, 1", "randn(3, 0), 0, 1"},
               .bad = {"randn(2, 3), 0, 2", "randn(2, 3), -3, 0"});

DEEPSEEK_FUNCTION(Tensor, swapaxes, (const Tensor& input, int64_t axis0, int64_t axis1), "The same as `transpose`.") {
  return swapped(input, axis0, axis1, "swapaxes");
}
DEEPSEEK_FACTS(swapaxes, .in = {"method"}, .reference = "numpy.swapaxes(input, axis0, axis1)",
               .good = {"randn(2, 3), 0, 1", "randn(2, 3, 4), -1, 0"}, .bad = {"randn(2, 3), 0, 2"});

DEEPSEEK_FUNCTION(Tensor, t, (const Tensor& input), "View of a matrix with rows and columns exchanged; vectors stay.") {
  ensure(input.rank() <= 2, "t: the tensor must have at most 2 dims, but its shape is ", to_string(input.shape()),
         "; use transpose(dim0, dim1)");
  return input.rank() < 2 ? input : swapped(input, 0, 1, "t");
}
DEEPSEEK_FACTS(t, .in = {"method"}, .reference = "input.T", .good = {"randn(2, 3)", "randn(3)", "randn()"},
               .bad = {"randn(2, 3, 4)"});

DEEPSEEK_FUNCTION(Tensor, movedim, (const Tensor& input, Dims source, Dims destination),
                  "View with the dims `source` moved to the positions `destination`; the others keep their order.") {
  const int rank = input.rank();
  ensure(source.size() == destination.size(), "movedim: source ", to_string(source), " and destination ",
         to_string(destination), " must have as many entries");
  Dims from = Dims::filled(rank, -1);  // from[position of the result] = dim of the input
  uint32_t moved = 0;
  for (int i = 0; i < source.size(); ++i) {
    const int s = wrap_dim(source[i], rank, "movedim"), d = wrap_dim(destination[i], rank, "movedim");
    if (rank == 0) return input;
    ensure((moved >> s & 1u) == 0 && from[d] < 0, "movedim: source ", to_string(source), " and destination ",
           to_string(destination), " must not repeat a dim");
    moved |= 1u << s;
    from[d] = s;
  }
  int next = 0;
  for (int d = 0; d < rank; ++d) {
    if (from[d] >= 0) continue;
    while (moved >> next & 1u) ++next;
    from[d] = next++;
  }
  return permute(input, from);
}
DEEPSEEK_FACTS(movedim, .in = {"method"}, .reference = "numpy.moveaxis(input, source, destination)",
               .good = {"randn(2, 3, 4), 0, 2", "randn(2, 3, 4), -1, 0", "randn(2, 3, 4, 5), (0, 1), (-1, -2)"},
               .bad = {"randn(2, 3), 0, 2", "randn(2, 3), (0, 1), (0, 0)", "randn(2, 3), (0, 1), (0,)"});

}  // namespace deepseek
