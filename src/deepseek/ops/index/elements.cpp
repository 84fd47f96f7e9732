#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

// Where the lines of an index of shape `index` start in a row-major tensor of shape `base`, whose other sizes may be
// larger.
struct Places {
  LineShape base, index;
  std::vector<int64_t> outer, inner;  // empty: the shapes agree there

  Places(const Shape& b, const Shape& i, int dim) : base(b, dim), index(i, dim) {
    outer = places(b, i, 0, dim);
    inner = places(b, i, dim + 1, b.size());
  }
  int64_t line(int64_t o) const { return (outer.empty() ? o : outer[static_cast<size_t>(o)]) * base.n * base.inner; }
  int64_t column(int64_t i) const { return inner.empty() ? i : inner[static_cast<size_t>(i)]; }

 private:
  static std::vector<int64_t> places(const Shape& b, const Shape& i, int first, int last) {
    std::vector<int64_t> out;
    if (first >= last || std::equal(b.begin() + first, b.begin() + last, i.begin() + first)) return out;
    out.push_back(0);
    for (int d = first; d < last; ++d) {
      std::vector<int64_t> next;
      next.reserve(out.size() * static_cast<size_t>(i[d]));
      for (int64_t at : out) {
        for (int64_t k = 0; k < i[d]; ++k) next.push_back(at * b[d] + k);
      }
      out = std::move(next);
    }
    return out;
  }
};

int64_t checked(int64_t at, int64_t size, std::string_view op, int64_t dim) {
  if (at < 0 || at >= size) [[unlikely]] {
    raise_index(op, ": index ", at, " is out of range for dim ", dim, " of size ", size);
  }
  return at;
}

struct GatherElements : KernelOp {
  static constexpr OpInfo info{.name = "gather", .onnx = "GatherElements"};
  static constexpr Saves saves = Saves::inputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&GatherElements::dim};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in, const Spec& index) const { return {in.dtype, index.shape}; }
  KernelFn prepare(KernelContext& context) const {
    context.require_contiguous();
    const Spec in = context.inputs[0].spec;
    return [=, dim = dim, at = Places(in.shape, context.inputs[1].spec.shape, axis())](const KernelRun& run) {
      switch (size_of(in.dtype)) {
        case 1:
          return gather<uint8_t>(run, at, dim);
        case 2:
          return gather<uint16_t>(run, at, dim);
        case 4:
          return gather<uint32_t>(run, at, dim);
        default:
          return gather<uint64_t>(run, at, dim);
      }
    };
  }
  template <class T>
  static void gather(const KernelRun& run, const Places& at, int64_t dim) {
    const T* in = static_cast<const T*>(run.inputs[0]);
    const auto* index = static_cast<const int64_t*>(run.inputs[1]);
    T* out = static_cast<T*>(run.outputs[0]);
    for_bands(at.index.outer, at.index.inner, at.index.n, 512, [&](int64_t o, int64_t first, int64_t width) {
      const T* line = in + at.line(o);
      for (int64_t k = 0; k < at.index.n; ++k) {
        const int64_t row = (o * at.index.n + k) * at.index.inner;
        for (int64_t i = first; i < first + width; ++i) {
          out[row + i] = line[checked(index[row + i], at.base.n, info.name, dim) * at.base.inner + at.column(i)];
        }
      }
    });
  }
  void gradient(Grad& g) const {
    const Tensor zeros = filled(g.input_spec(0).shape, Tensor(Value{scalar_value(0.0, g.grad().dtype())}));
    g.set(0, scatter_add(zeros, dim, g.input(1), g.grad()));
  }
};

// Elements are written in the order of the index, each line by one thread: equal results at any number of threads.
struct ScatterElements : KernelOp {
  static constexpr OpInfo info{.name = "scatter", .onnx = "ScatterElements"};
  int64_t dim = 0;
  ScatterMode mode = ScatterMode::set;
  static constexpr auto attrs = std::tuple{&ScatterElements::dim, &ScatterElements::mode};
  int axis() const { return static_cast<int>(dim); }
  const char* name() const {
    return mode == ScatterMode::set ? "scatter" : mode == ScatterMode::add ? "scatter_add" : "scatter_reduce";
  }

  Spec infer(const Spec& base, const Spec&, const Spec&) const { return base; }
  KernelFn prepare(KernelContext& context) const {
    context.require_contiguous();
    context.may_alias.push_back({0, 0});
    const Spec base = context.inputs[0].spec;
    return [=, op = *this, at = Places(base.shape, context.inputs[1].spec.shape, axis())](const KernelRun& run) {
      if (run.inputs[0] != run.outputs[0]) {
        cpu::strided_copy(run.outputs[0], {1}, run.inputs[0], {1}, {base.numel()}, size_of(base.dtype));
      }
      visit_dtype(base.dtype, [&](auto type) {
        using T = decltype(type);
        using A = Arithmetic<T>;
        switch (op.mode) {
          case ScatterMode::set:
            return op.scatter<T>(run, at, [](A, A x) { return x; });
          case ScatterMode::add:
            return op.scatter<T>(run, at, [](A a, A x) { return wrapping_add<A>(a, x); });
          case ScatterMode::mul:
            return op.scatter<T>(run, at, [](A a, A x) { return wrapping_mul<A>(a, x); });
          case ScatterMode::max:
            return op.scatter<T>(run, at, [](A a, A x) { return x > a || is_nan(x) ? x : a; });
          case ScatterMode::min:
            return op.scatter<T>(run, at, [](A a, A x) { return x < a || is_nan(x) ? x : a; });
        }
      });
    };
  }
  template <class T, class F>
  void scatter(const KernelRun& run, const Places& at, F combine) const {
    const auto* index = static_cast<const int64_t*>(run.inputs[1]);
    const T* source = static_cast<const T*>(run.inputs[2]);
    T* out = static_cast<T*>(run.outputs[0]);
    for_bands(at.index.outer, at.index.inner, at.index.n, 512, [&](int64_t o, int64_t first, int64_t width) {
      T* line = out + at.line(o);
      for (int64_t k = 0; k < at.index.n; ++k) {
        const int64_t row = (o * at.index.n + k) * at.index.inner;
        for (int64_t i = first; i < first + width; ++i) {
          T& to = line[checked(index[row + i], at.base.n, name(), dim) * at.base.inner + at.column(i)];
          to = store<T>(combine(load(to), load(source[row + i])));
        }
      }
    });
  }
  void gradient(Grad& g) const {
    const Tensor index = g.input(1), grad = g.grad();
    if (mode == ScatterMode::set || mode == ScatterMode::add) {
      const bool add = mode == ScatterMode::add;
      if (g.needs(0)) g.set(0, add ? grad : deepseek::scatter(grad, dim, index, 0));
      if (g.needs(2))
        g.set(2,
              add ? gather(grad, dim, index) : where(is_last(g), gather(grad, dim, index), filled_like(g.input(2), 0)));
      return;
    }
    if (mode == ScatterMode::mul) return product_gradient(g);
    // Equal extremes share the gradient.
    const Tensor y = g.output(), kept = cast(g.input(0) == y, y.dtype());
    const Tensor hit = cast(g.input(2) == gather(y, dim, index), y.dtype());
    const Tensor share = grad / scatter_add(kept, dim, index, hit);
    if (g.needs(0)) g.set(0, kept * share);
    if (g.needs(2)) g.set(2, hit * gather(share, dim, index));
  }
  // Each factor gets the product of the others: the whole divided by it, or where it alone is zero the product without it. Where
  // several zeros meet that is zero, but its slopes are not: they are made NaN, since they are not computed.
  void product_gradient(Grad& g) const {
    const Tensor x = g.input(0), index = g.input(1), source = g.input(2), grad = g.grad();
    const Tensor one = filled_like(x, 1), ones = filled_like(source, 1), zeros = filled_like(source, 0);
    const auto product = [&](const Tensor& base, const Tensor& factors) {
      return apply(ScatterElements{.dim = dim, .mode = ScatterMode::mul}, base, index, factors);
    };
    if (g.needs(0)) g.set(0, grad * product(one, source));
    if (!g.needs(2)) return;
    const Tensor is_zero = source == zeros;
    const Tensor count = gather(scatter_add(filled_like(x, 0), dim, index, cast(is_zero, source.dtype())), dim, index);
    const Tensor alone = is_zero & (count == ones);
    const Tensor others = gather(grad * product(x, where(is_zero, ones, source)), dim, index);
    const Tensor usual = gather(grad * g.output(), dim, index) / where(is_zero, ones, source);
    const Tensor several = is_zero & (count != ones);
    g.set(2, where(alone, others, where(several, sqrt(square(where(several, usual, ones))), usual)));
  }
  // Whether an element of the source was the last to be written to its place.
  Tensor is_last(const Grad& g) const {
    const Tensor index = g.input(1), order = iota(index.shape(), contiguous_strides(index.shape()));
    const Tensor nobody = filled(g.input_spec(0).shape, Tensor(Value{scalar_value(int64_t{-1}, DType::int64)}));
    return gather(deepseek::scatter(nobody, dim, index, order), dim, index) == order;
  }
};

// The index as int64 and the axis, after checking that its shape fits `input` outside dim.
Tensor fitting_index(const Tensor& input, int axis, const Tensor& index, std::string_view op) {
  const Tensor i = index_tensor(index, op);
  ensure(i.rank() == input.rank(), op, ": index must have as many dims as input, but input is ",
         to_string(input.shape()), " and index is ", to_string(i.shape()));
  for (int d = 0; d < i.rank(); ++d) {
    ensure(d == axis || i.shape()[d] <= input.shape()[d], op, ": index must not be larger than input outside dim ",
           axis, ", but input is ", to_string(input.shape()), " and index is ", to_string(i.shape()));
  }
  return i;
}

Tensor scatter_with(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src, ScatterMode mode,
                    std::string_view op) {
  const int axis = wrap_dim(dim, input.rank(), op);
  const Tensor i = fitting_index(input, axis, index, op);
  Tensor source = src;
  if (src.rank() == 0 && i.rank() > 0) {
    source = expand(src, i.shape());
  } else {
    ensure(src.rank() == i.rank(), op, ": src must have as many dims as index, but src is ", to_string(src.shape()),
           " and index is ", to_string(i.shape()));
    for (int d = 0; d < i.rank(); ++d) {
      ensure(i.shape()[d] <= src.shape()[d], op, ": src must cover index, but src is ", to_string(src.shape()),
             " and index is ", to_string(i.shape()));
      source = slice_of(source, d, 0, i.shape()[d]);
    }
  }
  check_element_type(input, src, op, "src");
  return apply(ScatterElements{.dim = axis, .mode = mode}, input, i, cast(source, input.dtype()));
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, gather, (const Tensor& input, int64_t dim, const Tensor& index),
    "Elements of `input` at the places along `dim` that the integer tensor `index` gives for each position.\n\n"
    "out[i][j] = input[index[i][j]][j] for dim 0. `index` has as many dims as `input` and is not larger outside "
    "`dim`; the result has its shape. Indices must not be negative.") {
  const int axis = wrap_dim(dim, input.rank(), "gather");
  return apply(GatherElements{.dim = axis}, input, fitting_index(input, axis, index, "gather"));
}
DEEPSEEK_FACTS(
    gather, .in = {"method"},
    .reference =
        "numpy.take_along_axis(input[tuple(slice(None) if d == dim % input.ndim else slice(0, index.shape[d]) "
        "for d in range(input.ndim))], index, dim)",
    .good = {"randn(5), 0, ints(7, high=5)", "randn(3, 4), 1, ints(3, 6, high=4)", "randn(3, 4), 0, ints(2, 3, high=3)",
             "randn(4, 3, 5), -2, ints(3, 6, 2, high=3)", "ints(2, 3), 1, ints(2, 0, high=3)"},
    .bad = {"randn(3), 0, ints(2, low=3, high=9)", "randn(3, 4), 0, ints(2, high=3)", "randn(3), 0, randn(2)",
            "randn(3, 4), 0, ints(2, 5, high=3)", "randn(3), 1, ints(2, high=3)"});

DEEPSEEK_FUNCTION(Tensor, take_along_dim,
                  (const Tensor& input, const Tensor& indices, std::optional<int64_t> dim DEFAULT(std::nullopt)),
                  "`gather` whose other dims broadcast; without `dim` both tensors are flattened.") {
  if (!dim) return gather(flatten(input), 0, flatten(indices));
  ensure(input.rank() == indices.rank(), "take_along_dim: input and indices must have as many dims, but are ",
         to_string(input.shape()), " and ", to_string(indices.shape()));
  const int axis = wrap_dim(*dim, input.rank(), "take_along_dim");
  if (input.rank() == 0) return gather(input, 0, indices);
  Shape a = input.shape(), b = indices.shape();
  const int64_t n = a[axis], wanted = b[axis];
  a[axis] = b[axis] = 1;
  Shape common = broadcast(a, b, "take_along_dim"), taken = common;
  common[axis] = n;
  taken[axis] = wanted;
  return gather(expand(input, common), axis, expand(index_tensor(indices, "take_along_dim", "indices"), taken));
}
DEEPSEEK_FACTS(take_along_dim, .in = {"method"},
               .reference =
                   "numpy.take_along_axis(input.reshape(-1) if dim is None else input, "
                   "indices.reshape(-1) if dim is None else indices, 0 if dim is None "
                   "else dim)",
               .good = {"randn(3, 4), ints(3, 2, high=4), 1", "randn(3, 4), ints(5, 1, high=3), 0",
                        "randn(2, 3), ints(4, high=6)"},
               .bad = {"randn(3), ints(2, low=3, high=9), 0", "randn(3, 4), ints(2, high=3), 0"});

DEEPSEEK_FUNCTION(
    Tensor, scatter,
    (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src,
     std::optional<std::string> reduce DEFAULT(std::nullopt)),
    "`input` with element index[i] along `dim` replaced by src[i], for each position i of `index`; `src` may be a "
    "number.\n\nWhere indices are equal the last counts; with `reduce` 'add' or 'multiply' all are combined with the element.") {
  const bool adds = reduce == "add";
  ensure(!reduce || adds || reduce == "multiply", "scatter: reduce must be 'add' or 'multiply', but is '", reduce.value_or(""), "'");
  return scatter_with(input, dim, index, src, !reduce ? ScatterMode::set : adds ? ScatterMode::add : ScatterMode::mul, "scatter");
}
DEEPSEEK_FACTS(scatter, .in = {"method"},
               .reference = "(lambda y: (numpy.put_along_axis(y, index, numpy.asarray(src), dim) if reduce is None else "
                            "{'add': numpy.add, 'multiply': numpy.multiply}[reduce].at(y, tuple(index if d == dim % input.ndim else "
                            "numpy.indices(index.shape)[d] for d in range(input.ndim)), src), y)[1])(input.copy())",
               .good = {"randn(5), 0, ints(9, high=5), randn(9), 'add'", "randn(3, 4), 0, ints(6, 4, high=3), randn(6, 4), 'multiply'",
                        "randn(5), 0, numpy.array([3, 1]), randn(2)", "randn(3, 4), 1, ints(3, 6, high=4), randn(3, 6)",
                        "randn(3, 4), 0, ints(2, 4, high=3), 2.5", "ints(5), 0, ints(3, high=5), 7"},
               .bad = {"randn(3), 0, ints(2, low=3, high=9), randn(2)", "randn(3, 4), 0, ints(2, high=3), randn(2)",
                       "randn(3), 0, ints(2, high=3), randn(2), 'max'", "randn(3), 0, ints(3, high=3), randn(2)", "randn(3), 0, ints(2, high=3), ints(2)"});

DEEPSEEK_FUNCTION(
    Tensor, scatter_add, (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src),
    "`input` with src[i] added to element index[i] along `dim`, for each position i of `index`; equal indices add "
    "up, in order.") {
  return scatter_with(input, dim, index, src, ScatterMode::add, "scatter_add");
}
DEEPSEEK_FACTS(
    scatter_add, .in = {"method"},
    .reference =
        "(lambda y: (numpy.add.at(y, tuple(index if d == dim % input.ndim else numpy.indices(index.shape)[d] for "
        "d in range(input.ndim)), src[tuple(slice(0, n) for n in index.shape)]), y)[1])(input.copy())",
    .good = {"randn(5), 0, ints(9, high=5), randn(9)", "randn(3, 4), 1, ints(3, 6, high=4), randn(3, 6)",
             "randn(4, 3, 5), -2, ints(3, 6, 2, high=3), randn(4, 7, 2)",
             "ints(2, 3), 0, ints(5, 2, high=2), ints(5, 2)"},
    .bad = {"randn(3), 0, ints(2, low=3, high=9), randn(2)", "randn(3, 4), 0, ints(2, 5, high=3), randn(2, 5)"});

DEEPSEEK_FUNCTION(
    Tensor, scatter_reduce,
    (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce,
     bool include_self DEFAULT(true)),
    "`scatter_add` with another reduction: 'sum', 'prod', 'mean', 'amax' or 'amin'. Without `include_self` the "
    "elements of `input` that are written to do not take part. The mean of integers is rounded down.") {
  const bool integral = !is_floating_point(input.dtype());
  const double inf = std::numeric_limits<double>::infinity();
  ScatterMode mode = ScatterMode::add;
  Tensor start = 0;
  auto lowest = [&](bool top) -> Tensor {
    if (!integral) return top ? inf : -inf;
    int64_t bound = 0;
    visit_dtype(input.dtype(), [&](auto type) {
      using T = decltype(type);
      if constexpr (std::is_integral_v<T>)
        bound = static_cast<int64_t>(top ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min());
    });
    return bound;
  };
  if (reduce == "prod")
    mode = ScatterMode::mul, start = 1;
  else if (reduce == "amax")
    mode = ScatterMode::max, start = lowest(false);
  else if (reduce == "amin")
    mode = ScatterMode::min, start = lowest(true);
  else
    ensure(reduce == "sum" || reduce == "mean",
           "scatter_reduce: reduce must be 'sum', 'prod', 'mean', 'amax' or 'amin', but is '", reduce, "'");
  const Tensor base = include_self ? input : scatter(input, dim, index, start);
  const Tensor result = scatter_with(base, dim, index, src, mode, "scatter_reduce");
  if (reduce != "mean") return result;
  const Tensor ones = filled_like(input, 1), self = include_self ? ones : scatter(ones, dim, index, 0);
  const Tensor count = scatter_add(self, dim, index, filled_like(src, 1));
  const Tensor divisor = where(count == 0, ones, count);
  return integral ? div(result, divisor, "floor") : result / divisor;
}
DEEPSEEK_FACTS(
    scatter_reduce, .in = {"method"},
    .reference =
        "(lambda y: ({'sum': numpy.add, 'prod': numpy.multiply, 'amax': numpy.maximum, 'amin': numpy.minimum}"
        "[reduce].at(y, tuple(index if d == dim % input.ndim else numpy.indices(index.shape)[d] for d in "
        "range(input.ndim)), src), y)[1])(input.copy())",
    .good = {"randn(5), 0, ints(9, high=5), randn(9), 'sum'", "randn(3, 4), 1, ints(3, 6, high=4), randn(3, 6), 'amax'",
             "randn(3, 4), 0, ints(6, 4, high=3), randn(6, 4), 'amin'", "ints(3), 0, ints(6, high=3), ints(6), 'prod'",
             "randn(3, 4), 0, ints(6, 4, high=3), randn(6, 4), 'prod'", "randn(3), 0, ints(8, high=3), randn(8) * (numpy.arange(8) != 2), 'prod'"},
    .bad = {"randn(3), 0, ints(2, low=3, high=9), randn(2), 'amax'", "randn(3), 0, ints(2, high=3), randn(2), 'median'"});

}  // namespace deepseek
