#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"

namespace deepseek {
namespace {

// The tensor written count[d] times one after the other along each dim; a copy of an expanded view.
Tensor repeated(const Tensor& input, const Dims& count) {
  Shape spread, expanded, result;
  for (int d = 0; d < input.rank(); ++d) {
    const int64_t n = input.shape()[d];
    if (count[d] != 1) {
      spread.push_back(1);
      expanded.push_back(count[d]);
    }
    spread.push_back(n);
    expanded.push_back(n);
    result.push_back(n * count[d]);
  }
  return reshape(clone(expand(reshape(input, spread), expanded)), result);
}

// With more dims than a shape holds, one dim after the other.
Tensor repeated_stepwise(Tensor input, const Dims& count, std::string_view op) {
  int extra = 0;
  for (int64_t c : count) {
    ensure(c >= 0, op, ": the number of repetitions must not be negative, but is ", to_string(count));
    extra += c != 1;
  }
  if (input.rank() + extra <= max_rank) return repeated(input, count);
  for (int d = 0; d < input.rank(); ++d) {
    if (count[d] != 1)
      input = cat(
          TensorList(static_cast<size_t>(std::max<int64_t>(1, count[d])), count[d] ? input : narrow(input, d, 0, 0)),
          d);
  }
  return input;
}

Tensor with_leading_dims(const Tensor& input, int rank) {
  Shape shape = input.shape();
  while (shape.size() < rank) shape.insert(0, 1);
  return shape.size() == input.rank() ? input : reshape(input, shape);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, repeat, (const Tensor& input, Dims repeats),
                  "`input` written repeats[d] times one after the other along each dim; new dims come first.") {
  ensure(repeats.size() >= input.rank(), "repeat: repeats ", to_string(repeats), " must have an entry for each dim of ",
         to_string(input.shape()));
  return repeated_stepwise(with_leading_dims(input, repeats.size()), repeats, "repeat");
}
DEEPSEEK_FACTS(repeat, .in = {"method"}, .reference = "numpy.tile(input, repeats)",
               .good = {"randn(3), (2,)", "randn(2, 3), (2, 1)", "randn(3), (2, 1, 2)", "ints(2, 2), (3, 2)",
                        "randn(2), (0,)", "randn(), (3,)", "randn(1, 2, 1, 2, 1), (2, 1, 3, 2, 2)"},
               .bad = {"randn(2, 3), (2,)", "randn(3), (-1,)"});

DEEPSEEK_FUNCTION(Tensor, tile, (const Tensor& input, Dims dims), "`repeat` that takes a dim without an entry once.") {
  Dims repeats = dims;
  while (repeats.size() < input.rank()) repeats.insert(0, 1);
  return repeated_stepwise(with_leading_dims(input, repeats.size()), repeats, "tile");
}
DEEPSEEK_FACTS(tile, .in = {"method"}, .reference = "numpy.tile(input, dims)",
               .good = {"randn(3), 2", "randn(2, 3), (2,)", "randn(3), (2, 1)"}, .bad = {"randn(3), (-1,)"});

DEEPSEEK_FUNCTION(
    Tensor, repeat_interleave,
    (const Tensor& input, const Tensor& repeats, std::optional<int64_t> dim DEFAULT(std::nullopt)),
    "Each entry along `dim` (of the flattened tensor without) written `repeats` times in a row. `repeats` is a number "
    "or one number per entry, which is then computed at once.") {
  const Tensor x = dim ? input : flatten(input);
  const int axis = wrap_dim(dim.value_or(0), x.rank(), "repeat_interleave");
  ensure(x.rank() > 0, "repeat_interleave: a 0-d tensor has no dim; leave dim out");
  const std::vector<int64_t> counts =
      index_tensor(flatten(repeats), "repeat_interleave", "repeats").to_vector<int64_t>();
  const int64_t n = x.shape()[axis];
  ensure(counts.size() == 1 || static_cast<int64_t>(counts.size()) == n, "repeat_interleave: repeats has ",
         counts.size(), " entries, but dim ", axis, " of shape ", to_string(x.shape()), " has ", n);
  for (int64_t c : counts) ensure(c >= 0, "repeat_interleave: repeats must not be negative, but has ", c);
  if (counts.size() == 1 && x.rank() < max_rank) {
    Shape spread = x.shape(), result = x.shape();
    spread.insert(axis + 1, counts[0]);
    result[axis] *= counts[0];
    return reshape(clone(expand(unsqueeze(x, axis + 1), spread)), result);
  }
  std::vector<int64_t> places;
  for (int64_t i = 0; i < n; ++i)
    places.insert(places.end(), static_cast<size_t>(counts[counts.size() == 1 ? 0 : static_cast<size_t>(i)]), i);
  return index_select(x, axis, Tensor::from_vector(places, {static_cast<int64_t>(places.size())}));
}
DEEPSEEK_FACTS(repeat_interleave, .in = {"method"}, .reference = "numpy.repeat(input, repeats, axis=dim)",
               .good = {"randn(3), 2", "randn(2, 3), 3, 1", "randn(2, 3), ints(2, high=4), 0", "randn(2, 2), 2",
                        "ints(3), 0"},
               .bad = {"randn(3), -1", "randn(3), ints(2), 0", "randn(3), 2, 1", "randn(3), 1.5"});

}  // namespace deepseek
