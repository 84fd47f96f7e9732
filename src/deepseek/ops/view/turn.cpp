// Elements in another order, as copies; the copy reads a view and costs one pass.
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/reduce/dims.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, flip, (const Tensor& input, Dims dims),
                  "A copy with the elements along each of `dims` in reverse order.") {
  const DimMask mask = dims.empty() ? 0 : reduce_mask(dims, input.rank(), "flip");
  Tensor turned = input;
  for (int64_t d : dims_of(mask)) {
    const int64_t n = input.shape()[static_cast<int>(d)];
    if (n > 1) turned = slice_of(turned, static_cast<int>(d), n - 1, n, -1);
  }
  return clone(turned);
}
DEEPSEEK_FACTS(flip, .in = {"method"}, .reference = "numpy.flip(input, dims)",
               .good = {"randn(5), 0", "randn(3, 4), (0, 1)", "randn(2, 3, 4), -1", "ints(2, 3), 1",
                        "randn(3, 0), (0, 1)", "randn(2), ()"},
               .bad = {"randn(3), 1", "randn(3, 2), (0, -2)"});

DEEPSEEK_FUNCTION(Tensor, fliplr, (const Tensor& input), "A copy with the second dim in reverse order.") {
  ensure(input.rank() >= 2, "fliplr: the tensor must have at least 2 dims, but its shape is ",
         to_string(input.shape()));
  return flip(input, {1});
}
DEEPSEEK_FACTS(fliplr, .in = {"method"}, .reference = "numpy.fliplr(input)", .good = {"randn(3, 4)"},
               .bad = {"randn(3)"});

DEEPSEEK_FUNCTION(Tensor, flipud, (const Tensor& input), "A copy with the first dim in reverse order.") {
  ensure(input.rank() >= 1, "flipud: the tensor must have at least 1 dim, but its shape is ", to_string(input.shape()));
  return flip(input, {0});
}
DEEPSEEK_FACTS(flipud, .in = {"method"}, .reference = "numpy.flipud(input)", .good = {"randn(3, 4)", "randn(3)"},
               .bad = {"randn()"});

DEEPSEEK_FUNCTION(
    Tensor, roll, (const Tensor& input, Dims shifts, Dims dims DEFAULT({})),
    "The elements moved on by `shifts` along `dims`; what leaves one end enters at the other. Without `dims` the "
    "flattened tensor is moved.") {
  if (dims.empty()) {
    ensure(shifts.size() == 1, "roll: shifts ", to_string(shifts), " need as many dims");
    if (input.rank() == 0) return clone(input);
    return reshape(roll(flatten(input), shifts, {0}), input.shape());
  }
  ensure(shifts.size() == dims.size(), "roll: shifts ", to_string(shifts), " and dims ", to_string(dims),
         " must have as many entries");
  Tensor out = input;
  bool moved = false;
  for (int i = 0; i < dims.size(); ++i) {
    const int d = wrap_dim(dims[i], input.rank(), "roll");
    const int64_t n = input.rank() == 0 ? 0 : input.shape()[d];
    const int64_t by = n > 0 ? (shifts[i] % n + n) % n : 0;
    if (by == 0) continue;
    out = cat({slice_of(out, d, n - by, by), slice_of(out, d, 0, n - by)}, d);
    moved = true;
  }
  return moved ? out : clone(out);
}
DEEPSEEK_FACTS(roll, .in = {"method"}, .reference = "numpy.roll(input, shifts, None if dims in ((), None) else dims)",
               .good = {"randn(5), 2", "randn(3, 4), 5", "randn(3, 4), -1, 1", "randn(3, 4), (1, -2), (0, 1)",
                        "ints(4), 8, 0", "randn(0), 1"},
               .bad = {"randn(3), 1, 1", "randn(3), (1, 2), (0,)", "randn(3, 2), (1, 2)"});

DEEPSEEK_FUNCTION(Tensor, rot90, (const Tensor& input, int64_t k DEFAULT(1), Dims dims DEFAULT({0, 1})),
                  "The plane of `dims` turned `k` times by 90 degrees, from the first towards the second dim.") {
  ensure(dims.size() == 2, "rot90: dims must be two dims, but are ", to_string(dims));
  const int a = wrap_dim(dims[0], input.rank(), "rot90"), b = wrap_dim(dims[1], input.rank(), "rot90");
  ensure(a != b, "rot90: dims must be two different dims, but are ", to_string(dims));
  switch ((k % 4 + 4) % 4) {
    case 1:
      return flip(transpose(input, a, b), {a});
    case 2:
      return flip(input, {a, b});
    case 3:
      return flip(transpose(input, a, b), {b});
    default:
      return clone(input);
  }
}
DEEPSEEK_FACTS(rot90, .in = {"method"}, .reference = "numpy.rot90(input, k, dims)",
               .good = {"randn(2, 3), 1, (0, 1)", "randn(2, 3), 2, (0, 1)", "randn(2, 3, 4), -1, (1, 2)",
                        "ints(2, 3), 4, (0, 1)", "randn(2, 3), 3, (1, 0)"},
               .bad = {"randn(3), 1, (0, 1)", "randn(3, 3), 1, (0, 0)"});

}  // namespace deepseek
