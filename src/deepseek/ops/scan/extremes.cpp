#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"

namespace deepseek {
namespace {

// Running largest or smallest element and where it stands; the last of equals, and NaN wins.
struct CumExtreme : KernelOp {
  static constexpr OpInfo info{.name = "cummax"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool largest = true;
  static constexpr auto attrs = std::tuple{&CumExtreme::dim, &CumExtreme::largest};

  void infer(Specs in, std::vector<Spec>& out) const { out = {*in[0], {DType::int64, in[0]->shape}}; }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.out_spec().shape, static_cast<int>(dim));
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      const T* in = a.in<T>(0);
      T* values = a.out<T>(0);
      int64_t* places = a.out<int64_t>(1);
      for_lines(l, 256, [&](int64_t offset, int64_t width) {
        for (int64_t k = 0; k < l.n; ++k) {
          for (int64_t i = 0; i < width; ++i) {
            const int64_t at = offset + k * l.inner + i, before = at - l.inner;
            const auto x = load(in[at]);
            const auto best = k == 0 ? x : load(values[before]);
            const bool take = k == 0 || is_nan(x) || (!is_nan(best) && (largest ? x >= best : x <= best));
            values[at] = take ? in[at] : values[before];
            places[at] = take ? k : places[before];
          }
        }
      });
    });
  }
  void gradient(Grad& g) const {
    const Spec& in = g.input_spec();
    if (in.rank() == 0)
      g.set(0, g.grad());
    else
      g.set(0, scatter_add(filled_like(g.grad(), 0), dim, g.output(1), g.grad()));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    TensorList, cummax, (const Tensor& input, int64_t dim),
    "Running largest element along `dim` and its index, the last one of equals: (values, int64 indices).") {
  return apply_many(CumExtreme{.dim = wrap_dim(dim, input.rank(), "cummax"), .largest = true}, {input});
}
DEEPSEEK_FACTS(cummax, .in = {"method"},
               .reference =
                   "(numpy.maximum.accumulate(input, axis=dim), numpy.maximum.accumulate(numpy.where(input == "
                   "numpy.maximum.accumulate(input, axis=dim), numpy.indices(input.shape)[dim], 0), axis=dim))",
               .good = {"randn(5), 0", "randn(3, 4), -1", "ints(4, 3), 0"}, .bad = {"randn(3), 1"});

DEEPSEEK_FUNCTION(
    TensorList, cummin, (const Tensor& input, int64_t dim),
    "Running smallest element along `dim` and its index, the last one of equals: (values, int64 indices).") {
  return apply_many(CumExtreme{.dim = wrap_dim(dim, input.rank(), "cummin"), .largest = false}, {input});
}
DEEPSEEK_FACTS(cummin, .in = {"method"},
               .reference =
                   "(numpy.minimum.accumulate(input, axis=dim), numpy.maximum.accumulate(numpy.where(input == "
                   "numpy.minimum.accumulate(input, axis=dim), numpy.indices(input.shape)[dim], 0), axis=dim))",
               .good = {"randn(5), 0", "randn(3, 4), -1", "ints(4, 3), 0"}, .bad = {"randn(3), 1"});

}  // namespace deepseek
