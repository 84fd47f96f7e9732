#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/promote.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/sort/order.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek {
namespace {

struct SearchSorted : KernelOp {
  static constexpr OpInfo info{.name = "searchsorted"};
  static constexpr NotDifferentiable gradient{"positions are integers"};
  bool right = false;
  static constexpr auto attrs = std::tuple{&SearchSorted::right};

  Spec infer(const Spec&, const Spec& values) const { return {DType::int64, values.shape}; }
  // A 1-d sequence serves all values, otherwise each row of values has its own.
  void cpu(const KernelArgs& a) const {
    const Shape &sequence = a.in_spec(0).shape, &values = a.in_spec(1).shape;
    const int64_t n = sequence.back(),
                  row = sequence.size() == 1 ? std::max<int64_t>(1, values.numel()) : values.back();
    visit_dtype(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      parallel_for(values.numel(), 1 << 12, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T* first = a.in<T>(0) + i / row * n;
          const KeyOf<T> key = ascending_key(a.in<T>(1)[i]);
          const T* at =
              right ? std::upper_bound(first, first + n, key, [](KeyOf<T> k, T e) { return k < ascending_key(e); })
                    : std::lower_bound(first, first + n, key, [](T e, KeyOf<T> k) { return ascending_key(e) < k; });
          a.out<int64_t>()[i] = at - first;
        }
      });
    });
  }
};

Tensor positions(const Tensor& sequence, const Tensor& values, bool right, std::string_view op) {
  Tensor s = sequence, v = values;
  const Shape shape = v.shape();
  promote_operands(s, v);
  ensure(s.rank() > 0, op, ": the sorted sequence must have a dim, but its shape is ()");
  if (s.rank() > 1) {
    Shape a = s.shape(), b = shape;
    ensure(a.size() == b.size(), op, ": a sequence of shape ", to_string(s.shape()),
           " needs values with as many dims, but they are ", to_string(shape));
    a.pop_back();
    b.pop_back();
    ensure(a == b, op, ": sequence ", to_string(s.shape()), " and values ", to_string(shape),
           " must agree but for the last dim");
  }
  return apply(SearchSorted{.right = right}, s, v);
}

Tensor sized(const Tensor& found, bool out_int32) { return out_int32 ? cast(found, DType::int32) : found; }

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, searchsorted,
    (const Tensor& sorted_sequence, const Tensor& input, bool out_int32 DEFAULT(false), bool right DEFAULT(false),
     std::optional<std::string> side DEFAULT(std::nullopt), std::optional<Tensor> sorter DEFAULT(std::nullopt)),
    "Positions at which `input` would be inserted to keep the last dim of `sorted_sequence` in order: before equal "
    "elements, or after them with `right` or `side` 'right'. int64, or int32 with `out_int32`. `sorter` holds the indices "
    "that sort a sequence that is not in order.") {
  ensure(!side || *side == "left" || *side == "right", "searchsorted: side must be 'left' or 'right', but is '", side.value_or(""), "'");
  ensure(!(side == "left" && right), "searchsorted: side 'left' and right=True contradict each other");
  ensure(!sorter || sorter->shape() == sorted_sequence.shape(), "searchsorted: sorter must have the shape of the sequence, ",
         to_string(sorted_sequence.shape()), ", but is ", sorter ? to_string(sorter->shape()) : "");
  const Tensor sequence = sorter ? gather(sorted_sequence, -1, *sorter) : sorted_sequence;
  return sized(positions(sequence, input, right || side == "right", "searchsorted"), out_int32);
}
DEEPSEEK_FACTS(searchsorted, .reference = "numpy.searchsorted(sorted_sequence, input, side or ('right' if right else 'left'), sorter)",
               .good = {"numpy.sort(randn(9)), randn(3, 4)", "numpy.sort(ints(20)), ints(7), right=True", "numpy.sort(ints(20)), ints(7), True",
                        "numpy.sort(ints(20)), ints(7), side='right'", "randn(3)[[0, 0, 0]] + numpy.arange(3), randn(4), sorter=numpy.arange(3)",
                        "numpy.sort(ints(20)), ints(7)", "randn(0), randn(3)"},
               .bad = {"randn(2, 3), randn(3)", "randn(), randn(3)", "randn(3), randn(2), side='up'"});

DEEPSEEK_FUNCTION(
    Tensor, bucketize,
    (const Tensor& input, const Tensor& boundaries, bool out_int32 DEFAULT(false), bool right DEFAULT(false)),
    "Number, int64 or with `out_int32` int32, of the bucket that each element falls into: boundaries[i - 1] < x <= boundaries[i], or with "
    "`right` boundaries[i - 1] <= x < boundaries[i].") {
  ensure(boundaries.rank() == 1, "bucketize: boundaries must have one dim, but the shape is ",
         to_string(boundaries.shape()));
  return sized(positions(boundaries, input, right, "bucketize"), out_int32);
}
DEEPSEEK_FACTS(bucketize, .reference = "numpy.searchsorted(boundaries, input, 'right' if right else 'left')",
               .good = {"randn(3, 4), numpy.sort(randn(5))", "ints(9), numpy.sort(ints(4)), right=True"},
               .bad = {"randn(3), randn(2, 3)"});

}  // namespace deepseek
