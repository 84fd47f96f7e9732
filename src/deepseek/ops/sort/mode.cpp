#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/sort/order.h"
#include "deepseek/ops/sort/sort.h"

namespace deepseek {
namespace {

struct Mode : KernelOp {
  static constexpr OpInfo info{.name = "mode"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&Mode::dim, &Mode::keepdim};

  void infer(Specs in, std::vector<Spec>& out) const {
    const Shape& shape = in[0]->shape;
    ensure(shape.empty() || shape[static_cast<int>(dim)] > 0, "mode: dim ", dim, " of shape ", to_string(shape), " has no elements to choose from");
    const Shape reduced = shape.empty() ? shape : reduced_shape(shape, DimMask{1} << dim, keepdim);
    out = {{in[0]->dtype, reduced}, {DType::int64, reduced}};
  }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.in_spec(0).shape, static_cast<int>(dim));
    visit_dtype(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      for_lines(l, 1, [&](int64_t offset, int64_t) {
        const int64_t line = offset / (l.n * l.inner) * l.inner + offset % l.inner;
        const int64_t at = most_frequent(a.in<T>(0) + offset, l.n, l.inner);
        a.out<T>(0)[line] = a.in<T>(0)[offset + at * l.inner];
        a.out<int64_t>(1)[line] = at;
      });
    });
  }
  // The last place of the smallest of the most frequent values.
  template <class T>
  static int64_t most_frequent(const T* in, int64_t n, int64_t step) {
    auto& items = kept_items<std::pair<KeyOf<T>, int64_t>>();
    items.clear();
    for (int64_t i = 0; i < n; ++i) items.emplace_back(ascending_key(in[i * step]), i);
    std::sort(items.begin(), items.end());
    size_t best = 0, longest = 0, run = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      run = i > 0 && items[i].first == items[i - 1].first ? run + 1 : 1;
      if (run > longest) longest = run, best = i;
    }
    return items[best].second;
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    Tensor grad = g.grad(), places = g.output(1);
    if (!keepdim && !shape.empty()) grad = unsqueeze(grad, dim), places = unsqueeze(places, dim);
    g.set(0, unpicked(grad, shape, static_cast<int>(dim), places));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(TensorList, mode, (const Tensor& input, int64_t dim DEFAULT(-1), bool keepdim DEFAULT(false)),
                  "(values, int64 indices): the most frequent element along `dim`, the smallest of several, and its last place.") {
  return apply_many(Mode{.dim = wrap_dim(dim, input.rank(), "mode"), .keepdim = keepdim}, {input});
}
DEEPSEEK_FACTS(mode, .in = {"method"}, .reference = "references.mode(input, dim, keepdim)",
               .good = {"ints(3, 9, high=4)", "ints(7, 2, high=3), 0, True", "randn(4)", "bools(5)"}, .bad = {"randn(3), 1", "randn(0)"});

}  // namespace deepseek
