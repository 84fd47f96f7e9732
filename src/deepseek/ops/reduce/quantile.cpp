// quantile, nanquantile.
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

// Ranks between two elements of a line that is sorted with NaN last, as torch and numpy interpolate them.
Tensor at_ranks(const Tensor& sorted, const Tensor& ranks, const std::string& interpolation, std::string_view op) {
  const auto pick = [&](const Tensor& rank) { return gather(sorted, -1, to(rank, DType::int64)); };
  if (interpolation == "lower") return pick(floor(ranks));
  if (interpolation == "higher") return pick(ceil(ranks));
  if (interpolation == "nearest") return pick(round(ranks));
  const Tensor below = floor(ranks), low = pick(below), high = pick(ceil(ranks));
  if (interpolation == "midpoint") return lerp(low, high, Tensor(0.5));
  ensure(interpolation == "linear", op, ": interpolation must be 'linear', 'lower', 'higher', 'midpoint' or 'nearest', but is '",
         interpolation, "'");
  return lerp(low, high, ranks - below);
}

Tensor quantiles(const Tensor& input, const Tensor& q, std::optional<int64_t> dim, bool keepdim, const std::string& interpolation,
                 bool skip_nan, std::string_view op) {
  if (!is_floating_point(input.dtype())) raise_type(op, ": needs a floating type, but input is ", name_of(input.dtype()));
  ensure(q.rank() <= 1, op, ": q must be a number or a vector, but has shape ", to_string(q.shape()));
  ensure(input.numel() > 0, op, ": input ", to_string(input.shape()), " has no elements");
  if (!q.value().node->weak && q.dtype() != input.dtype()) {
    raise_type(op, ": q must have the type of input, ", name_of(input.dtype()), ", but has ", name_of(q.dtype()));
  }
  if (q.is_computed() && !q.value().node->symbolic) {
    for (const double x : to(q, DType::float64).detach().to_vector<double>()) {
      ensure(x >= 0 && x <= 1, op, ": q must lie in [0, 1], but is ", x);
    }
  }
  Shape shape = input.shape();
  Tensor lines = input;
  if (dim) {
    const int axis = wrap_dim(*dim, input.rank(), op);
    if (input.rank() > 0) {
      lines = movedim(input, {axis}, {-1});
      if (keepdim) shape[axis] = 1;
      else shape.erase(axis);
    }
  } else {
    lines = flatten(input);
    shape = keepdim ? Dims::filled(input.rank(), 1) : Shape{};
  }
  if (lines.rank() == 0) lines = unsqueeze(lines, 0);
  const int64_t n = lines.shape().back();
  const Tensor levels = flatten(cast(q, input.dtype())), sorted = sort(lines, -1)[0];
  const Tensor missing = isnan(lines);
  const Tensor last = skip_nan ? clamp_min(to(sum(logical_not(missing), {-1}, true), input.dtype()) - 1.0, Tensor(0.0))
                               : filled(Shape(Dims::filled(lines.rank(), 1)), Tensor(scalar_value(static_cast<double>(n - 1), input.dtype())));
  Shape wanted = lines.shape();
  wanted[wanted.size() - 1] = levels.numel();
  Tensor ranks = expand(last * levels, wanted);
  if (!skip_nan) ranks = where(any(missing, {-1}, true), filled_like(ranks, static_cast<double>(n - 1)), ranks);
  const Tensor found = at_ranks(sorted, ranks, interpolation, op);  // (..., levels)
  if (q.rank() == 0) return reshape(found, shape);
  Shape all = shape;
  all.insert(0, levels.numel());
  return reshape(movedim(found, {-1}, {0}), all);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, quantile,
                  (const Tensor& input, const Tensor& q, std::optional<int64_t> dim DEFAULT(std::nullopt),
                   bool keepdim DEFAULT(false), std::string interpolation DEFAULT("linear")),
                  "The `q`-quantiles, q in [0, 1], along `dim` (of all elements without it). A vector `q` gives a leading dim.\n\n"
                  "Between two elements `interpolation` says what counts: 'linear', 'lower', 'higher', 'midpoint' or 'nearest'. "
                  "NaN where there is one. Floating types only.") {
  return quantiles(input, q, dim, keepdim, interpolation, false, "quantile");
}
DEEPSEEK_FACTS(quantile, .in = {"method"},
               .reference = "numpy.quantile(input, q, axis=dim, keepdims=keepdim, method=interpolation)",
               .good = {"randn(7), 0.3", "randn(4, 5), 0.5, 1", "randn(4, 5), rand(2), 0, True",
                        "randn(6), 0.25, 0, False, 'lower'", "randn(6), 0.25, 0, False, 'higher'", "randn(6), 0.3, 0, False, 'midpoint'", "randn(6), 0.3, 0, False, 'nearest'"},
               .bad = {"randn(3), 1.5", "ints(3), 0.5", "randn(0), 0.5", "randn(3), 0.5, 1", "randn(3), 0.5, 0, False, 'other'",
                       "randn(3), randn(1, 1)"});

DEEPSEEK_FUNCTION(Tensor, nanquantile,
                  (const Tensor& input, const Tensor& q, std::optional<int64_t> dim DEFAULT(std::nullopt),
                   bool keepdim DEFAULT(false), std::string interpolation DEFAULT("linear")),
                  "`quantile` of the elements that are not NaN; NaN where there are none.") {
  return quantiles(input, q, dim, keepdim, interpolation, true, "nanquantile");
}
DEEPSEEK_FACTS(nanquantile, .in = {"method"},
               .reference = "numpy.nanquantile(input, q, axis=dim, keepdims=keepdim, method=interpolation)",
               .good = {"randn(7), 0.3", "numpy.where(bools(4, 6), randn(4, 6), nan), 0.4, 1"},
               .bad = {"randn(3), -0.5", "ints(3), 0.5"});

}  // namespace deepseek
