// glu.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, glu, (const Tensor& input, int64_t dim DEFAULT(-1)),
                  "The first half of input along dim times the sigmoid of the second half.") {
  const int at = wrap_dim(dim, input.rank(), "glu");
  ensure(input.rank() > 0 && input.size(at) % 2 == 0, "glu: the size of dim ", dim, " must be even, but input is ",
      to_string(input.shape()));
  const int64_t half = input.size(at) / 2;
  return narrow(input, at, 0, half) * sigmoid(narrow(input, at, half, half));
}
DEEPSEEK_FACTS(glu, .in = {"functional"},
               .reference = "(lambda h: h[0] * scipy.special.expit(h[1]))(numpy.split(input, 2, dim))",
               .good = {"randn(2, 6)", "randn(4, 3), 0", "randn(2, 4, 3), 1"}, .bad = {"randn(2, 3)", "randn(2, 4), 2"});

}  // namespace deepseek
