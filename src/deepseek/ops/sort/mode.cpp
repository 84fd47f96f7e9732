#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/sort/choice.h"
#include "deepseek/ops/sort/order.h"

namespace deepseek {
namespace {

struct Mode : KernelOp {
  static constexpr OpInfo info{.name = "mode"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool keepdim = false;
  static constexpr auto attrs = std::tuple{&Mode::dim, &Mode::keepdim};

  void infer(Specs in, std::vector<Spec>& out) const { choice_specs("mode", in, dim, keepdim, out); }
  void cpu(const KernelArgs& a) const {
    choose_in_lines(a, dim, [](const auto* line, int64_t n, int64_t step) { return most_frequent(line, n, step); });
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
  void gradient(Grad& g) const { choice_gradient(g, dim, keepdim); }
};

}  // namespace

DEEPSEEK_FUNCTION(TensorList, mode, (const Tensor& input, int64_t dim DEFAULT(-1), bool keepdim DEFAULT(false)),
                  "(values, int64 indices): the most frequent element along `dim`, the smallest of several, and its last place.") {
  return apply_many(Mode{.dim = wrap_dim(dim, input.rank(), "mode"), .keepdim = keepdim}, {input});
}
DEEPSEEK_FACTS(mode, .in = {"method"}, .reference = "references.mode(input, dim, keepdim)",
               .good = {"ints(3, 9, high=4)", "ints(7, 2, high=3), 0, True", "randn(4)", "bools(5)"}, .bad = {"randn(3), 1", "randn(0)"});

}  // namespace deepseek
