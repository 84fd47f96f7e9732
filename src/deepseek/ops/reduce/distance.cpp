// cdist, pdist, renorm.
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {

DEEPSEEK_FUNCTION(Tensor, cdist,
                  (const Tensor& x1, const Tensor& x2, double p DEFAULT(2.0),
                   std::string compute_mode DEFAULT("use_mm_for_euclid_dist_if_necessary")),
                  "`p`-norm distances of each row of `x1` (..., m, d) from each row of `x2` (..., n, d): (..., m, n); leading dims "
                  "broadcast.\n\n"
                  "Differences are taken before squares, whatever `compute_mode` allows: no digits are lost between close rows.") {
  ensure(x1.rank() >= 2 && x2.rank() >= 2 && x1.shape().back() == x2.shape().back(),
         "cdist: x1 must be (..., m, d) and x2 (..., n, d), but they are ", to_string(x1.shape()), " and ", to_string(x2.shape()));
  ensure(p >= 0, "cdist: p must not be negative, but is ", p);
  ensure(compute_mode == "use_mm_for_euclid_dist_if_necessary" || compute_mode == "use_mm_for_euclid_dist" ||
             compute_mode == "donot_use_mm_for_euclid_dist",
         "cdist: compute_mode must be 'use_mm_for_euclid_dist_if_necessary', 'use_mm_for_euclid_dist' or "
         "'donot_use_mm_for_euclid_dist', but is '",
         compute_mode, "'");
  for (const Tensor* x : {&x1, &x2}) {
    if (!is_floating_point(x->dtype())) raise_type("cdist: needs floating types, but has ", name_of(x->dtype()));
  }
  return norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, {-1});
}
DEEPSEEK_FACTS(cdist, .reference = "numpy.linalg.norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1)",
               .good = {"randn(3, 4), randn(5, 4)", "randn(2, 3, 4), randn(1, 2, 4), 1.0", "randn(3, 2), randn(2, 2), inf", "randn(3, 2), randn(2, 2), 3.0"},
               .bad = {"randn(3), randn(3)", "randn(3, 4), randn(5, 3)", "randn(3, 4), randn(5, 4), -1.0", "ints(2, 2), ints(2, 2)",
                       "randn(3, 4), randn(5, 4), 2.0, 'fast'"});

DEEPSEEK_FUNCTION(Tensor, pdist, (const Tensor& input, double p DEFAULT(2.0)),
                  "`p`-norm distances between all pairs of rows of `input` (n, d): (n * (n - 1) / 2), in the order of the elements above "
                  "the diagonal of the matrix of distances.") {
  ensure(input.rank() == 2, "pdist: input must be (n, d), but is ", to_string(input.shape()));
  ensure(p >= 0, "pdist: p must not be negative, but is ", p);
  if (!is_floating_point(input.dtype())) raise_type("pdist: needs a floating type, but input is ", name_of(input.dtype()));
  const TensorList pairs = unbind(triu_indices(input.shape()[0], input.shape()[0], 1));
  return norm(index_select(input, 0, pairs[0]) - index_select(input, 0, pairs[1]), p, {-1});
}
DEEPSEEK_FACTS(pdist, .in = {"functional"}, .reference = "scipy.spatial.distance.pdist(input, 'minkowski', p=p) if input.shape[0] > 1 else numpy.zeros(0)",
               .good = {"randn(5, 3)", "randn(4, 2), 1.0", "randn(1, 3)"}, .bad = {"randn(3)", "randn(3, 2), -1.0", "ints(3, 2)"});

DEEPSEEK_FUNCTION(Tensor, renorm, (const Tensor& input, double p, int64_t dim, double maxnorm),
                  "`input` with each entry along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it.") {
  const int axis = wrap_dim(dim, input.rank(), "renorm");
  ensure(input.rank() >= 2, "renorm: input must have at least two dims, but is ", to_string(input.shape()));
  ensure(p > 0, "renorm: p must be positive, but is ", p);
  ensure(maxnorm >= 0, "renorm: maxnorm must not be negative, but is ", maxnorm);
  Dims others;
  for (int d = 0; d < input.rank(); ++d) {
    if (d != axis) others.push_back(d);
  }
  const Tensor size = norm(input, p, others, true);
  return input * where(gt(size, Tensor(maxnorm)), maxnorm / (size + 1e-7), filled_like(size, 1));
}
DEEPSEEK_FACTS(renorm, .in = {"method"},
               .reference = "(lambda n: input * numpy.where(n > maxnorm, maxnorm / (n + 1e-7), 1))((abs(input) ** p).sum(tuple(d for d in range(input.ndim) if d != dim), keepdims=True) ** (1 / p))",
               .good = {"randn(3, 4), 2.0, 0, 1.0", "randn(3, 4, 2), 1.0, 1, 2.0", "randn(3, 4), 2.0, 1, 100.0"},
               .bad = {"randn(3), 2.0, 0, 1.0", "randn(3, 4), 0.0, 0, 1.0", "randn(3, 4), 2.0, 2, 1.0", "randn(3, 4), 2.0, 0, -1.0"});

}  // namespace deepseek
