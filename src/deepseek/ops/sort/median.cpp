#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/sort/choice.h"
#include "deepseek/ops/sort/order.h"

namespace deepseek {
namespace {

struct Median : KernelOp {
  static constexpr OpInfo info{.name = "median"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool keepdim = false, skip_nan = false;
  static constexpr auto attrs = std::tuple{&Median::dim, &Median::keepdim, &Median::skip_nan};

  void infer(Specs in, std::vector<Spec>& out) const { choice_specs("median", in, dim, keepdim, out); }
  void cpu(const KernelArgs& a) const {
    choose_in_lines(a, dim, [this](const auto* line, int64_t n, int64_t step) { return middle(line, n, step, skip_nan); });
  }
  // The lower middle; the first NaN when there is one, or when NaN are skipped and nothing else is there.
  template <class T>
  static int64_t middle(const T* in, int64_t n, int64_t step, bool skip_nan) {
    auto& items = kept_items<std::pair<KeyOf<T>, int64_t>>();
    items.clear();
    for (int64_t i = 0; i < n; ++i) {
      if (is_nan(load(in[i * step]))) {
        if (skip_nan) continue;
        return i;
      }
      items.emplace_back(ascending_key(in[i * step]), i);
    }
    if (items.empty()) return 0;
    const size_t half = (items.size() - 1) / 2;
    std::nth_element(items.begin(), items.begin() + static_cast<ptrdiff_t>(half), items.end());
    return items[half].second;
  }
  void gradient(Grad& g) const { choice_gradient(g, dim, keepdim); }
};

Result medians(const Tensor& input, std::optional<int64_t> dim, bool keepdim, bool skip_nan, std::string_view op) {
  if (!dim) return apply_many(Median{.dim = 0, .skip_nan = skip_nan}, {flatten(input)})[0];
  return apply_many(Median{.dim = wrap_dim(*dim, input.rank(), op), .keepdim = keepdim, .skip_nan = skip_nan}, {input});
}

}  // namespace

DEEPSEEK_FUNCTION(
    Result, median,
    (const Tensor& input, std::optional<int64_t> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
    "Middle element of the sorted `input`, the lower of two. With `dim`: (values, int64 indices) along it. NaN when "
    "there is one.") {
  return medians(input, dim, keepdim, false, "median");
}
DEEPSEEK_FACTS(median, .in = {"method"},
               .reference =
                   "numpy.sort(input.reshape(-1))[(input.size - 1) // 2] if dim is None else (lambda o: "
                   "(numpy.take_along_axis(input, o, dim), o) if keepdim else (numpy.take_along_axis(input, o, "
                   "dim).squeeze(dim), o.squeeze(dim)))(numpy.take(numpy.argsort(input, axis=dim, kind='stable'), "
                   "[(input.shape[dim] - 1) // 2], axis=dim))",
               .good = {"randn(7)", "randn(3, 4)", "randn(3, 4), 1", "randn(5, 2), 0, keepdim=True", "ints(2, 9), -1"},
               .bad = {"randn(0)", "randn(3), 1", "randn(3, 0), 1"});

DEEPSEEK_FUNCTION(
    Result, nanmedian,
    (const Tensor& input, std::optional<int64_t> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
    "`median` of the elements that are not NaN; NaN where there are none.") {
  return medians(input, dim, keepdim, true, "nanmedian");
}
DEEPSEEK_FACTS(nanmedian, .in = {"method"}, .reference = "references.nanmedian(input, dim, keepdim)",
               .good = {"randn(7)", "numpy.where(bools(4, 5), randn(4, 5), nan), 1", "numpy.where(bools(4, 3), randn(4, 3), nan), 0, True", "ints(2, 9), -1"},
               .bad = {"randn(0)", "randn(3), 1"});

}  // namespace deepseek
