#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"

namespace deepseek {
namespace {

void refuse_symbolic(const Tensor& input, std::string_view op) {
  if (input.value().node->symbolic) {
    raise_value(op, ": the shape of the result depends on values, which a symbolic input does not have");
  }
}

struct Histogram : KernelOp {
  static constexpr OpInfo info{.name = "histc"};
  static constexpr NotDifferentiable gradient{"counts do not change smoothly"};
  int64_t bins = 100;
  double low = 0, high = 0;  // equal: the smallest and largest element
  static constexpr auto attrs = std::tuple{&Histogram::bins, &Histogram::low, &Histogram::high};

  Spec infer(const Spec& in) const { return {in.dtype, {bins}}; }
  void cpu(const KernelArgs& a) const {
    visit_dtype(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      const T* in = a.in<T>(0);
      const int64_t n = a.in_spec(0).numel();
      double from = low, to = high;
      if (from == to && n > 0) {
        from = to = static_cast<double>(load(in[0]));
        for (int64_t i = 1; i < n; ++i) {
          from = std::min(from, static_cast<double>(load(in[i])));
          to = std::max(to, static_cast<double>(load(in[i])));
        }
      }
      if (from == to) from -= 1, to += 1;
      ensure(std::isfinite(from) && std::isfinite(to), "histc: the range from ", from, " to ", to, " is not finite");
      std::vector<int64_t> counts(static_cast<size_t>(bins));
      for (int64_t i = 0; i < n; ++i) {
        const auto x = static_cast<double>(load(in[i]));
        if (!(x >= from && x <= to)) continue;
        const auto bin = static_cast<int64_t>((x - from) / (to - from) * static_cast<double>(bins));
        ++counts[static_cast<size_t>(std::min(bin, bins - 1))];
      }
      for (int64_t b = 0; b < bins; ++b) {
        a.out<T>()[b] = store<T>(static_cast<Arithmetic<T>>(counts[static_cast<size_t>(b)]));
      }
    });
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, histc, (const Tensor& input, int64_t bins DEFAULT(100), double min DEFAULT(0), double max DEFAULT(0)),
    "How many elements fall into each of `bins` equal intervals from `min` to `max`; from the smallest to the largest "
    "element when both are equal. Elements outside are not counted. Floating types only.") {
  ensure(bins > 0, "histc: bins must be positive, but is ", bins);
  ensure(min <= max, "histc: min ", min, " lies above max ", max);
  if (!is_floating_point(input.dtype()))
    raise_type("histc: needs a floating type, but input is ", name_of(input.dtype()));
  return apply(Histogram{.bins = bins, .low = min, .high = max}, input);
}
DEEPSEEK_FACTS(histc, .in = {"method"},
               .reference = "numpy.histogram(input, bins, None if min == max else (min, max))[0].astype(input.dtype)",
               .good = {"randn(50), 10", "randn(5, 9), 4, -1, 1", "randn(3, 2), 7, 0, 0"},
               .bad = {"randn(3), 0", "randn(3), 4, 2, 1", "ints(4)"}, .check_grad = false);

DEEPSEEK_FUNCTION(
    Tensor, bincount,
    (const Tensor& input, const std::optional<Tensor>& weights DEFAULT(std::nullopt), int64_t minlength DEFAULT(0)),
    "How often each value 0, 1, ... occurs in the integer vector `input`, or the sum of its `weights`; at least "
    "`minlength` entries. Computes `input` at once.") {
  ensure(input.rank() == 1, "bincount: input must have one dim, but its shape is ", to_string(input.shape()));
  ensure(minlength >= 0, "bincount: minlength must not be negative, but is ", minlength);
  ensure(!weights || weights->shape() == input.shape(), "bincount: weights must have the shape of input ",
         to_string(input.shape()), ", but is ", weights ? to_string(weights->shape()) : "");
  refuse_symbolic(input, "bincount");
  const Tensor values = index_tensor(input, "bincount", "input").contiguous_leaf();
  int64_t size = minlength;
  for (int64_t v : values.to_vector<int64_t>()) {
    ensure(v >= 0, "bincount: input must not be negative, but has ", v);
    ensure(v < (int64_t{1} << 40), "bincount: ", v, " would need a result of as many entries");
    size = std::max(size, v + 1);
  }
  const Tensor ones = filled(values.shape(), Tensor(Value{scalar_value(int64_t{1}, DType::int64)}));
  Tensor amounts = weights ? *weights : ones;
  if (weights && !is_floating_point(amounts.dtype())) amounts = cast(amounts, DType::float64);
  const Tensor zeros = filled({size}, cast(Tensor(Value{scalar_value(int64_t{0}, DType::int64)}), amounts.dtype()));
  return write_rows(zeros, 0, values, amounts, ScatterMode::add, "bincount");
}
DEEPSEEK_FACTS(bincount, .in = {"method"}, .reference = "numpy.bincount(input, weights, minlength)",
               .good = {"ints(20, high=6)", "ints(9, high=4), randn(9)", "ints(5, high=3), None, 8", "ints(0)"},
               .bad = {"ints(2, 2)", "ints(3, low=-4, high=0)", "randn(3)", "ints(3), randn(2)", "ints(3), None, -1"});

}  // namespace deepseek
