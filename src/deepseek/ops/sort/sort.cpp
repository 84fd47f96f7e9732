#include "deepseek/ops/sort/sort.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/sort/choice.h"
#include "deepseek/ops/sort/order.h"

namespace deepseek {
namespace {

template <class K>
struct Keyed {
  K key;
  uint32_t place;
};

// Stable counting sort, one byte of the key after the other; bytes that are equal everywhere are skipped.
template <class K>
void radix_sort(std::vector<Keyed<K>>& items, std::vector<Keyed<K>>& spare) {
  spare.resize(items.size());
  for (size_t shift = 0; shift < 8 * sizeof(K); shift += 8) {
    std::array<size_t, 257> start{};
    for (const Keyed<K>& e : items) ++start[static_cast<size_t>(static_cast<uint64_t>(e.key) >> shift & 0xff) + 1];
    if (std::find(start.begin(), start.end(), items.size()) != start.end()) continue;
    for (size_t b = 1; b < start.size(); ++b) start[b] += start[b - 1];
    for (const Keyed<K>& e : items)
      spare[start[static_cast<size_t>(static_cast<uint64_t>(e.key) >> shift & 0xff)]++] = e;
    items.swap(spare);
  }
}

template <class K>
void sort_items(std::vector<Keyed<K>>& items, std::vector<Keyed<K>>& spare) {
  if (items.size() >= 256) return radix_sort(items, spare);
  std::sort(items.begin(), items.end(),
            [](const Keyed<K>& a, const Keyed<K>& b) { return a.key != b.key ? a.key < b.key : a.place < b.place; });
}

struct Sort : KernelOp {
  static constexpr OpInfo info{.name = "sort"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool descending = false;
  static constexpr auto attrs = std::tuple{&Sort::dim, &Sort::descending};

  void infer(Specs in, std::vector<Spec>& out) const { out = {*in[0], {DType::int64, in[0]->shape}}; }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.out_spec().shape, static_cast<int>(dim));
    DEEPSEEK_CHECK(l.n <= int64_t{UINT32_MAX});
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      const T* in = a.in<T>(0);
      T* values = a.out<T>(0);
      int64_t* places = a.out<int64_t>(1);
      for_lines(l, 1, [&](int64_t offset, int64_t) {
        auto& items = kept_items<Keyed<KeyOf<T>>>();
        auto& spare = kept_items<Keyed<KeyOf<T>>, 1>();
        items.resize(static_cast<size_t>(l.n));
        for (int64_t k = 0; k < l.n; ++k) {
          items[static_cast<size_t>(k)] = {sort_key(in[offset + k * l.inner], descending), static_cast<uint32_t>(k)};
        }
        sort_items(items, spare);
        for (int64_t k = 0; k < l.n; ++k) {
          const int64_t from = items[static_cast<size_t>(k)].place;
          values[offset + k * l.inner] = in[offset + from * l.inner];
          places[offset + k * l.inner] = from;
        }
      });
    });
  }
  void gradient(Grad& g) const {
    g.set(0, unpicked(g.grad(), g.input_spec().shape, static_cast<int>(dim), g.output(1)));
  }
};

struct TopK : KernelOp {
  static constexpr OpInfo info{.name = "topk", .onnx = "TopK", .tflite = "TOPK_V2"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0, k = 0;
  bool largest = true, only_last = false, keepdim = false;  // only_last: the k-th alone, for kthvalue
  static constexpr auto attrs = std::tuple{&TopK::dim, &TopK::k, &TopK::largest, &TopK::only_last, &TopK::keepdim};

  void infer(Specs in, std::vector<Spec>& out) const {
    Shape shape = in[0]->shape;
    if (!shape.empty()) {
      shape[static_cast<int>(dim)] = only_last ? 1 : k;
      if (only_last && !keepdim) shape.erase(static_cast<int>(dim));
    }
    out = {{in[0]->dtype, shape}, {DType::int64, shape}};
  }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.in_spec(0).shape, static_cast<int>(dim));
    const int64_t kept = only_last ? 1 : k;
    DEEPSEEK_CHECK(l.n <= int64_t{UINT32_MAX});
    if (kept == 0) return;
    visit_dtype(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      using Item = Keyed<KeyOf<T>>;
      const T* in = a.in<T>(0);
      for_lines(l, 1, [&](int64_t offset, int64_t) {
        auto& items = kept_items<Item>();
        items.resize(static_cast<size_t>(l.n));
        for (int64_t i = 0; i < l.n; ++i) {
          items[static_cast<size_t>(i)] = {sort_key(in[offset + i * l.inner], largest), static_cast<uint32_t>(i)};
        }
        const auto before = [](const Item& x, const Item& y) {
          return x.key != y.key ? x.key < y.key : x.place < y.place;
        };
        std::nth_element(items.begin(), items.begin() + (k - 1), items.end(), before);
        if (!only_last) std::sort(items.begin(), items.begin() + k, before);
        const int64_t line = offset / (l.n * l.inner) * kept * l.inner + offset % l.inner;
        for (int64_t i = 0; i < kept; ++i) {
          const int64_t from = items[static_cast<size_t>(only_last ? k - 1 : i)].place;
          a.out<T>(0)[line + i * l.inner] = in[offset + from * l.inner];
          a.out<int64_t>(1)[line + i * l.inner] = from;
        }
      });
    });
  }
  void gradient(Grad& g) const { choice_gradient(g, dim, keepdim || !only_last); }
};

}  // namespace

Tensor unpicked(const Tensor& grad, const Shape& input, int dim, const Tensor& indices) {
  if (input.empty()) return grad;
  return scatter_add(filled(input, Tensor(Value{scalar_value(0.0, grad.dtype())})), dim, indices, grad);
}

TensorList sorted_along(const Tensor& input, int dim, bool descending) {
  return apply_many(Sort{.dim = dim, .descending = descending}, {input});
}

DEEPSEEK_FUNCTION(
    TensorList, sort,
    (const Tensor& input, int64_t dim DEFAULT(-1), bool descending DEFAULT(false), bool stable DEFAULT(false)),
    "(values, int64 indices) sorted along `dim`. Equal elements keep their order, whatever `stable` says; NaN counts "
    "as the largest.") {
  (void)stable;
  return sorted_along(input, wrap_dim(dim, input.rank(), "sort"), descending);
}
DEEPSEEK_FACTS(
    sort, .in = {"method"},
    .reference =
        "(numpy.take_along_axis(input, numpy.argsort(-input.astype(float) if descending else input, axis=dim, "
        "kind='stable'), dim), numpy.argsort(-input.astype(float) if descending else input, axis=dim, "
        "kind='stable'))",
    .good = {"randn(7)", "randn(3, 4), 0", "randn(3, 5, 2), 1, descending=True", "ints(40), descending=True",
             "ints(3, 500)", "bools(9)", "ints(600, high=99999)", "randn(0, 3)"},
    .bad = {"randn(3), 1"});

DEEPSEEK_FUNCTION(
    Tensor, argsort,
    (const Tensor& input, int64_t dim DEFAULT(-1), bool descending DEFAULT(false), bool stable DEFAULT(false)),
    "int64 indices that sort `input` along `dim`. Equal elements keep their order, whatever `stable` says.") {
  (void)stable;
  return sorted_along(input, wrap_dim(dim, input.rank(), "argsort"), descending)[1];
}
DEEPSEEK_FACTS(argsort, .in = {"method"},
               .reference = "numpy.argsort(-input if descending else input, axis=dim, kind='stable')",
               .good = {"randn(7)", "randn(3, 4), 0", "ints(3, 5, 2), 1, descending=True"}, .bad = {"randn(3), 1"});

DEEPSEEK_FUNCTION(Tensor, msort, (const Tensor& input), "The values of `input` sorted along its first dim.") {
  return sorted_along(input, 0, false)[0];
}
DEEPSEEK_FACTS(msort, .in = {"method"}, .reference = "numpy.sort(input, axis=0)", .good = {"randn(7)", "randn(3, 4)"});

DEEPSEEK_FUNCTION(
    TensorList, topk,
    (const Tensor& input, int64_t k, int64_t dim DEFAULT(-1), bool largest DEFAULT(true), bool sorted DEFAULT(true)),
    "(values, int64 indices) of the `k` largest (or smallest) elements along `dim`, in order; of equals the first "
    "come first. NaN counts as the largest.") {
  (void)sorted;
  const int axis = wrap_dim(dim, input.rank(), "topk");
  const int64_t n = input.rank() == 0 ? 1 : input.shape()[axis];
  ensure(k >= 0 && k <= n, "topk: k is ", k, ", but dim ", axis, " of shape ", to_string(input.shape()), " has ", n,
         " elements");
  ensure(input.rank() > 0 || k == 1, "topk: a 0-d tensor has one element, k must be 1");
  return apply_many(TopK{.dim = axis, .k = k, .largest = largest}, {input});
}
DEEPSEEK_FACTS(
    topk, .in = {"method"},
    .reference =
        "(lambda o: (numpy.take_along_axis(input, o, dim), o))(numpy.take(numpy.argsort(-input if largest else "
        "input, axis=dim, kind='stable'), range(k), axis=dim))",
    .good = {"randn(7), 3", "randn(3, 4), 2, 0", "ints(3, 50, high=9), 5, largest=False", "randn(4), 0", "randn(5), 5"},
    .bad = {"randn(3), 4", "randn(3), -1", "randn(3), 1, 1"});

DEEPSEEK_FUNCTION(TensorList, kthvalue,
                  (const Tensor& input, int64_t k, int64_t dim DEFAULT(-1), bool keepdim DEFAULT(false)),
                  "(value, int64 index) of the `k`-th smallest element along `dim`, counted from 1.") {
  const int axis = wrap_dim(dim, input.rank(), "kthvalue");
  const int64_t n = input.rank() == 0 ? 1 : input.shape()[axis];
  ensure(k >= 1 && k <= n, "kthvalue: k is ", k, ", but dim ", axis, " of shape ", to_string(input.shape()), " has ", n,
         " elements");
  return apply_many(TopK{.dim = axis, .k = k, .largest = false, .only_last = true, .keepdim = keepdim}, {input});
}
DEEPSEEK_FACTS(
    kthvalue, .in = {"method"},
    .reference =
        "(lambda o: (numpy.take_along_axis(input, o, dim), o) if keepdim else "
        "(numpy.take_along_axis(input, o, dim).squeeze(dim), o.squeeze(dim)))(numpy.take(numpy.argsort(input, "
        "axis=dim, kind='stable'), [k - 1], axis=dim))",
    .good = {"randn(7), 3", "randn(3, 4), 1, 0", "ints(3, 50, high=9), 20, keepdim=True"},
    .bad = {"randn(3), 4", "randn(3), 0", "randn(3), 1, 1"});

}  // namespace deepseek
