#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/sort/choice.h"

namespace deepseek {
namespace {

// Largest or smallest element of each line and its index: the first of equals, or the first NaN.
struct ArgExtreme : KernelOp {
  static constexpr OpInfo info{.name = "max_with_index"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  bool largest = true, keepdim = false;
  static constexpr auto attrs = std::tuple{&ArgExtreme::dim, &ArgExtreme::largest, &ArgExtreme::keepdim};

  void infer(Specs in, std::vector<Spec>& out) const { choice_specs(largest ? "max" : "min", in, dim, keepdim, out); }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.in_spec(0).shape, static_cast<int>(dim));
    visit_dtype(a.in_spec(0).dtype, [&](auto type) {
      using T = decltype(type);
      largest ? choose<T, true>(a, l) : choose<T, false>(a, l);
    });
  }
  // Against a NaN nothing is better: comparisons with it are false.
  template <bool Largest, class A>
  static bool better(A x, A best) {
    return static_cast<bool>(static_cast<int>(Largest ? x > best : x < best) |
                             (static_cast<int>(is_nan(x)) & static_cast<int>(!is_nan(best))));
  }
  // Several elements beside each other advance together, so that the loop vectorises.
  template <class T, bool Largest>
  static int64_t place_in_line(const T* in, int64_t n) {
    constexpr int64_t lanes = 16;
    using A = Arithmetic<T>;
    const auto blocks = static_cast<int32_t>(n / lanes);
    A top = load(in[0]);
    int64_t place = 0;
    if (blocks > 0) {
      A best[lanes];
      int32_t block[lanes] = {};
      for (int64_t i = 0; i < lanes; ++i) best[i] = load(in[i]);
      for (int32_t b = 1; b < blocks; ++b) {
        for (int64_t i = 0; i < lanes; ++i) {
          const A x = load(in[b * lanes + i]);
          const bool take = better<Largest>(x, best[i]);
          best[i] = take ? x : best[i];
          block[i] = take ? b : block[i];
        }
      }
      for (int64_t i = 0; i < lanes; ++i) {
        const int64_t at = block[i] * lanes + i;
        const bool equal = best[i] == top || (is_nan(best[i]) && is_nan(top));
        if (better<Largest>(best[i], top) || (equal && at < place)) top = best[i], place = at;
      }
    }
    for (int64_t k = blocks * lanes; k < n; ++k) {
      const A x = load(in[k]);
      if (better<Largest>(x, top)) top = x, place = k;
    }
    return place;
  }
  template <class T, bool Largest>
  static void choose(const KernelArgs& a, const LineShape& l) {
    constexpr int64_t widest = 128;
    const T* in = a.in<T>(0);
    T* values = a.out<T>(0);
    int64_t* places = a.out<int64_t>(1);
    if (l.inner == 1) {
      parallel_for(l.outer, std::max<int64_t>(1, (1 << 14) / l.n), [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
          places[line] = place_in_line<T, Largest>(in + line * l.n, l.n);
          values[line] = in[line * l.n + places[line]];
        }
      });
      return;
    }
    for_lines(l, widest, [&](int64_t offset, int64_t width) {
      Arithmetic<T> best[widest];
      int64_t place[widest] = {};
      for (int64_t i = 0; i < width; ++i) best[i] = load(in[offset + i]);
      for (int64_t k = 1; k < l.n; ++k) {
        for (int64_t i = 0; i < width; ++i) {
          const Arithmetic<T> x = load(in[offset + k * l.inner + i]);
          const bool take = better<Largest>(x, best[i]);
          best[i] = take ? x : best[i];
          place[i] = take ? k : place[i];
        }
      }
      const int64_t line = offset / (l.n * l.inner) * l.inner + offset % l.inner;
      for (int64_t i = 0; i < width; ++i) {
        values[line + i] = in[offset + place[i] * l.inner + i];
        places[line + i] = place[i];
      }
    });
  }
  void gradient(Grad& g) const {
    const Shape& shape = g.input_spec().shape;
    if (shape.empty()) return g.set(0, g.grad());
    const DimMask mask = DimMask{1} << dim;
    Strides steps = Dims::filled(shape.size(), 0);
    steps[static_cast<int>(dim)] = 1;
    const Tensor chosen = iota(shape, steps) == with_reduced_dims(g.output(1), shape, mask);
    const Tensor grad = with_reduced_dims(g.grad(), shape, mask);
    g.set(0, where(chosen, grad, Tensor(Value{scalar_value(0.0, grad.dtype())})));
  }
};

TensorList with_index(const Tensor& input, int64_t dim, bool keepdim, bool largest) {
  const int axis = wrap_dim(dim, input.rank(), largest ? "max" : "min");
  return apply_many(ArgExtreme{.dim = axis, .largest = largest, .keepdim = keepdim}, {input});
}

Tensor index_only(const Tensor& input, std::optional<int64_t> dim, bool keepdim, bool largest) {
  const std::string_view name = largest ? "argmax" : "argmin";
  ensure(input.numel() > 0 || dim, name, ": shape ", to_string(input.shape()), " has no elements to choose from");
  if (dim) {
    return apply_many(ArgExtreme{.dim = wrap_dim(*dim, input.rank(), name), .largest = largest, .keepdim = keepdim},
                      {input})[1];
  }
  const Tensor all = apply_many(ArgExtreme{.dim = 0, .largest = largest}, {flatten(input)})[1];
  return keepdim ? reshape(all, Dims::filled(input.rank(), 1)) : all;
}

Result extreme(const Tensor& input, const std::optional<Tensor>& dim, bool keepdim, bool largest) {
  if (!dim) {
    const auto kind = largest ? fused::ReduceKind::max : fused::ReduceKind::min;
    return reduce(kind, input, dims_of(reduce_mask(Dims{}, input.rank(), largest ? "max" : "min")), false);
  }
  const Value value = dim->value();
  if (!value.node->weak) return largest ? maximum(input, *dim) : minimum(input, *dim);
  if (dim->dtype() != DType::int64) raise_type(largest ? "max" : "min", ": dim must be an integer or another tensor");
  return with_index(input, dim->item<int64_t>(), keepdim, largest);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Result, max,
    (const Tensor& input, const std::optional<Tensor>& dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
    "Without `dim`: the largest of all elements. With an integer `dim`: (values, int64 indices) along it, the first "
    "of equals. With a tensor in its place: the larger of each pair of elements. NaN wins.") {
  return extreme(input, dim, keepdim, true);
}
DEEPSEEK_FACTS(
    max, .in = {"method"},
    .reference =
        "numpy.max(input) if dim is None else (numpy.max(input, axis=dim, keepdims=keepdim), "
        "numpy.argmax(input, axis=dim, keepdims=keepdim)) if isinstance(dim, int) else numpy.maximum(input, dim)",
    .good = {"randn(2, 3)", "ints(4, 3, 5), 1", "randn(4, 3, 5), -1, keepdim=True", "randn(2, 3), randn(3)",
             "randn(7), 0"},
    .bad = {"randn(0)", "randn(2, 0), 1", "randn(2, 3), 2"});

DEEPSEEK_FUNCTION(
    Result, min,
    (const Tensor& input, const std::optional<Tensor>& dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
    "Without `dim`: the smallest of all elements. With an integer `dim`: (values, int64 indices) along it, the "
    "first of equals. With a tensor in its place: the smaller of each pair of elements. NaN wins.") {
  return extreme(input, dim, keepdim, false);
}
DEEPSEEK_FACTS(
    min, .in = {"method"},
    .reference =
        "numpy.min(input) if dim is None else (numpy.min(input, axis=dim, keepdims=keepdim), "
        "numpy.argmin(input, axis=dim, keepdims=keepdim)) if isinstance(dim, int) else numpy.minimum(input, dim)",
    .good = {"randn(2, 3)", "ints(4, 3, 5), 1", "randn(4, 3, 5), -1, keepdim=True", "randn(2, 3), randn(3)",
             "randn(7), 0"},
    .bad = {"randn(0)", "randn(2, 0), 1", "randn(2, 3), 2"});

DEEPSEEK_FUNCTION(Tensor, argmax,
                  (const Tensor& input, std::optional<int64_t> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
                  "int64 index of the largest element along `dim`, or in the flattened tensor; the first of equals.") {
  return index_only(input, dim, keepdim, true);
}
DEEPSEEK_FACTS(argmax, .in = {"method"}, .reference = "numpy.argmax(input, axis=dim, keepdims=keepdim)",
               .good = {"randn(2, 3)", "ints(4, 3, 5), 1", "randn(4, 3, 5), dim=-1, keepdim=True",
                        "randn(2, 3), keepdim=True", "bools(9)"},
               .bad = {"randn(0)", "randn(2, 0), 1", "randn(2, 3), 2"});

DEEPSEEK_FUNCTION(Tensor, argmin,
                  (const Tensor& input, std::optional<int64_t> dim DEFAULT(std::nullopt), bool keepdim DEFAULT(false)),
                  "int64 index of the smallest element along `dim`, or in the flattened tensor; the first of equals.") {
  return index_only(input, dim, keepdim, false);
}
DEEPSEEK_FACTS(argmin, .in = {"method"}, .reference = "numpy.argmin(input, axis=dim, keepdims=keepdim)",
               .good = {"randn(2, 3)", "ints(4, 3, 5), 1", "randn(4, 3, 5), dim=-1, keepdim=True",
                        "randn(2, 3), keepdim=True", "bools(9)"},
               .bad = {"randn(0)", "randn(2, 0), 1", "randn(2, 3), 2"});

}  // namespace deepseek
