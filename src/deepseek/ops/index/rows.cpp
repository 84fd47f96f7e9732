#include <cstring>

#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"

namespace deepseek {
namespace {

int64_t checked(int64_t at, int64_t size, std::string_view op, int64_t dim) {
  if (at < 0 || at >= size) [[unlikely]] {
    raise_index(op, ": index ", at, " is out of range for dim ", dim, " of size ", size);
  }
  return at;
}

struct SelectRows : KernelOp {
  static constexpr OpInfo info{.name = "index_select", .onnx = "Gather", .tflite = "GATHER"};
  static constexpr Saves saves = Saves::inputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&SelectRows::dim};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in, const Spec& index) const {
    Spec out = in;
    out.shape[axis()] = index.shape[0];
    return out;
  }
  void cpu(const KernelArgs& a) const {
    const LineShape l(a.in_spec(0).shape, axis());
    const int64_t size = size_of(a.out_spec().dtype);
    if (l.inner > 1) return copy_rows(a, l, l.inner * size);
    switch (size) {
      case 1:
        return copy_elements<uint8_t>(a, l);
      case 2:
        return copy_elements<uint16_t>(a, l);
      case 4:
        return copy_elements<uint32_t>(a, l);
      default:
        return copy_elements<uint64_t>(a, l);
    }
  }
  void copy_rows(const KernelArgs& a, const LineShape& l, int64_t bytes) const {
    const int64_t count = a.in_spec(1).numel(), *index = a.in<int64_t>(1);
    parallel_for(l.outer * count, std::max<int64_t>(1, (1 << 16) / bytes), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / count * l.n + checked(index[i % count], l.n, info.name, dim);
        std::memcpy(a.out<std::byte>() + i * bytes, a.in<std::byte>(0) + row * bytes, static_cast<size_t>(bytes));
      }
    });
  }
  template <class T>
  void copy_elements(const KernelArgs& a, const LineShape& l) const {
    const int64_t count = a.in_spec(1).numel(), *index = a.in<int64_t>(1);
    if (l.inner == 0) return;
    parallel_for(l.outer * count, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        a.out<T>()[i] = a.in<T>(0)[i / count * l.n + checked(index[i % count], l.n, info.name, dim)];
      }
    });
  }
  void gradient(Grad& g) const {
    const Tensor zeros = filled(g.input_spec(0).shape, Tensor(Value{scalar_value(0.0, g.grad().dtype())}));
    g.set(0, write_rows(zeros, axis(), g.input(1), g.grad(), ScatterMode::add, "index_add"));
  }
};

// Rows are cut into bands, each written by one thread in the order of the index: equal sums at any number of threads.
struct WriteRows : KernelOp {
  static constexpr OpInfo info{.name = "index_write"};
  static constexpr Saves saves = Saves::inputs;
  int64_t dim = 0;
  ScatterMode mode = ScatterMode::set;
  const char* name = info.name.data();  // of the public function, for messages
  static constexpr auto attrs = std::tuple{&WriteRows::dim, &WriteRows::mode, &WriteRows::name};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& base, const Spec& index, const Spec& source) const {
    Shape expected = base.shape;
    expected[axis()] = index.shape[0];
    ensure(source.shape == expected, name, ": source must have the shape ", to_string(expected), " for input ",
           to_string(base.shape), " and ", index.shape[0], " indices, but is ", to_string(source.shape));
    return base;
  }
  KernelFn prepare(KernelContext& context) const {
    context.require_contiguous();
    context.may_alias.push_back({0, 0});
    const Spec base = context.inputs[0].spec;
    const int64_t count = context.inputs[1].spec.numel();
    return [base, count, op = *this](const KernelRun& run) {
      if (run.inputs[0] != run.outputs[0]) {
        cpu::strided_copy(run.outputs[0], {1}, run.inputs[0], {1}, {base.numel()}, size_of(base.dtype));
      }
      visit_dtype(base.dtype, [&](auto type) { op.write<decltype(type)>(run, base.shape, count); });
    };
  }
  template <class T>
  void write(const KernelRun& run, const Shape& shape, int64_t count) const {
    const LineShape l(shape, axis());
    const auto* index = static_cast<const int64_t*>(run.inputs[1]);
    const T* from = static_cast<const T*>(run.inputs[2]);
    T* to = static_cast<T*>(run.outputs[0]);
    for_bands(l.outer, l.inner, count, 256, [&](int64_t o, int64_t first, int64_t width) {
      for (int64_t k = 0; k < count; ++k) {
        const int64_t row = o * l.n + checked(index[k], l.n, name, dim);
        T* target = to + row * l.inner + first;
        const T* source = from + (o * count + k) * l.inner + first;
        if (mode == ScatterMode::set) {
          std::memcpy(target, source, static_cast<size_t>(width) * sizeof(T));
        } else {
          for (int64_t i = 0; i < width; ++i) target[i] = store<T>(wrapping_add(load(target[i]), load(source[i])));
        }
      }
    });
  }
  void gradient(Grad& g) const {
    const Tensor index = g.input(1);
    if (g.needs(0)) {
      g.set(0, mode == ScatterMode::add ? g.grad()
                                        : write_rows(g.grad(), axis(), index, filled_rows(g), ScatterMode::set, name));
    }
    if (!g.needs(2)) return;
    const Tensor rows = index_select(g.grad(), dim, index);
    if (mode == ScatterMode::add) return g.set(2, rows);
    // Of equal indices the last was kept.
    const Spec& base = g.input_spec(0);
    const Tensor order = iota(index.shape(), {1});
    const Tensor nobody = filled({base.shape[axis()]}, Tensor(Value{scalar_value(int64_t{-1}, DType::int64)}));
    const Tensor last = index_select(write_rows(nobody, 0, index, order, ScatterMode::set, name), 0, index) == order;
    Shape column = Dims::filled(base.rank(), 1);
    column[axis()] = index.numel();
    g.set(2, where(reshape(last, column), rows, filled_like(rows, 0)));
  }
  static Tensor filled_rows(Grad& g) {
    return filled(g.input_spec(2).shape, Tensor(Value{scalar_value(0.0, g.grad().dtype())}));
  }
};

Tensor vector_index(const Tensor& index, std::string_view op) {
  ensure(index.rank() <= 1, op, ": index must have one dim, but its shape is ", to_string(index.shape()));
  const Tensor i = index_tensor(index, op);
  return i.rank() == 0 ? unsqueeze(i, 0) : i;
}

// Runs f on tensors that have a dim to index, since a 0-d tensor counts as one with a single row.
template <class F>
Tensor with_rows(const Tensor& input, F&& f) {
  return input.rank() > 0 ? f(input) : reshape(f(unsqueeze(input, 0)), {});
}

}  // namespace

void check_element_type(const Tensor& input, const Tensor& values, std::string_view op, std::string_view name) {
  if (values.value().node->weak || values.dtype() == input.dtype()) return;
  raise_type(op, ": ", name, " must have the element type of input, but input is ", name_of(input.dtype()), " and ", name, " is ",
             name_of(values.dtype()));
}

Tensor index_tensor(const Tensor& index, std::string_view op, std::string_view name) {
  if (!is_integral(index.dtype()))
    raise_type(op, ": ", name, " must be an integer tensor, but is ", name_of(index.dtype()));
  return cast(index, DType::int64);
}

Tensor write_rows(const Tensor& base, int dim, const Tensor& index, const Tensor& source, ScatterMode mode,
                  const char* name) {
  return apply(WriteRows{.dim = dim, .mode = mode, .name = name}, base, index, source);
}

DEEPSEEK_FUNCTION(
    Tensor, index_select, (const Tensor& input, int64_t dim, const Tensor& index),
    "The entries along `dim` that the 1-d integer tensor `index` names, in its order. Indices must not be negative.") {
  const int axis = wrap_dim(dim, input.rank(), "index_select");
  const Tensor i = vector_index(index, "index_select");
  if (input.rank() > 0) return apply(SelectRows{.dim = axis}, input, i);
  ensure(i.numel() == 1, "index_select: a 0-d tensor takes one index, but ", i.numel(), " are given");
  return reshape(apply(SelectRows{.dim = 0}, unsqueeze(input, 0), i), {});
}
DEEPSEEK_FACTS(index_select, .in = {"method"}, .reference = "numpy.take(input, index, axis=dim)",
               .good = {"randn(5), 0, ints(4, high=5)", "randn(3, 4), -1, ints(6, high=4)",
                        "randn(3, 4, 2), 1, ints(2, high=4)", "ints(4, 3), 0, ints(0, high=4)",
                        "randn(40, 70), 0, ints(90, high=40)"},
               .bad = {"randn(3), 0, ints(2, low=3, high=9)", "randn(3), 1, ints(2, high=3)", "randn(3), 0, randn(2)",
                       "randn(3), 0, ints(2, 2, high=3)", "randn(3), 0, ints(2, low=-3, high=-1)"});

DEEPSEEK_FUNCTION(
    Tensor, index_add,
    (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source, const Tensor& alpha DEFAULT(1)),
    "`input` with alpha * source[i] added to entry index[i] along `dim`; equal indices add up, in order.") {
  const int axis = wrap_dim(dim, input.rank(), "index_add");
  const Tensor i = vector_index(index, "index_add");
  const Tensor scaled = alpha.value().node->weak && alpha.item() == 1 ? source : source * alpha;
  const Tensor rows = input.rank() == 0 && source.rank() == 0 ? unsqueeze(scaled, 0) : scaled;
  return with_rows(input, [&](const Tensor& x) {
    return write_rows(x, axis, i, cast(rows, x.dtype()), ScatterMode::add, "index_add");
  });
}
DEEPSEEK_FACTS(
    index_add, .in = {"method"},
    .reference =
        "(lambda y: (numpy.add.at(numpy.moveaxis(y, dim, 0), index, numpy.moveaxis(alpha * source, dim, 0)), "
        "y)[1])(input.copy())",
    .good = {"randn(5), 0, ints(8, high=5), randn(8)", "randn(3, 4), -1, ints(6, high=4), randn(3, 6), alpha=2",
             "ints(3, 4, 2), 1, ints(2, high=4), ints(3, 2, 2)"},
    .bad = {"randn(3), 0, ints(2, low=3, high=9), randn(2)", "randn(3, 2), 0, ints(2, high=3), randn(2, 3)",
            "randn(3), 0, randn(2), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, index_copy, (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source),
                  "`input` with entry index[i] along `dim` replaced by source[i]; of equal indices the last counts.") {
  const int axis = wrap_dim(dim, input.rank(), "index_copy");
  const Tensor i = vector_index(index, "index_copy");
  if (input.dtype() != source.dtype()) {
    raise_type("index_copy: input is ", name_of(input.dtype()), " but source is ", name_of(source.dtype()));
  }
  const Tensor rows = input.rank() == 0 && source.rank() == 0 ? unsqueeze(source, 0) : source;
  return with_rows(input,
                   [&](const Tensor& x) { return write_rows(x, axis, i, rows, ScatterMode::set, "index_copy"); });
}
DEEPSEEK_FACTS(index_copy, .in = {"method"},
               .reference =
                   "(lambda y: ([numpy.moveaxis(y, dim, 0).__setitem__(i, v) for i, v in zip(index, "
                   "numpy.moveaxis(source, dim, 0))], "
                   "y)[1])(input.copy())",
               .good = {"randn(5), 0, ints(8, high=5), randn(8)", "randn(3, 4), -1, ints(6, high=4), randn(3, 6)"},
               .bad = {"randn(3), 0, ints(2, low=3, high=9), randn(2)",
                       "randn(3, 2), 0, ints(2, high=3), randn(2, 3)"});

DEEPSEEK_FUNCTION(Tensor, index_fill, (const Tensor& input, int64_t dim, const Tensor& index, const Tensor& value),
                  "`input` with the entries along `dim` that `index` names filled with the 0-d `value`.") {
  const int axis = wrap_dim(dim, input.rank(), "index_fill");
  const Tensor i = vector_index(index, "index_fill");
  ensure(value.rank() == 0, "index_fill: value must be a number or a 0-d tensor, but its shape is ",
         to_string(value.shape()));
  return with_rows(input, [&](const Tensor& x) {
    Shape rows = x.shape();
    rows[axis] = i.numel();
    return write_rows(x, axis, i, expand(cast(value, x.dtype()), rows), ScatterMode::set, "index_fill");
  });
}
DEEPSEEK_FACTS(index_fill, .in = {"method"},
               .reference = "(lambda y: (numpy.moveaxis(y, dim, 0).__setitem__(index, value), y)[1])(input.copy())",
               .good = {"randn(5), 0, ints(3, high=5), 2.5", "randn(3, 4), -1, ints(2, high=4), -1",
                        "ints(3), 0, ints(2, high=3), 7"},
               .bad = {"randn(3), 0, ints(2, low=3, high=9), 1.0", "randn(3), 0, ints(2, high=3), randn(2)"});

}  // namespace deepseek
