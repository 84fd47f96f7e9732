#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

struct Slice : ViewOp {
  static constexpr OpInfo info{.name = "slice", .onnx = "Slice", .tflite = "STRIDED_SLICE"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0, start = 0, length = 0, step = 1;
  static constexpr auto attrs = std::tuple{&Slice::dim, &Slice::start, &Slice::length, &Slice::step};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in) const {
    const int64_t n = in.shape[axis()], last = start + (length - 1) * step;
    if (length > 0) {
      ensure(start >= 0 && start < n && last >= 0 && last < n, "slice: elements ", start, " to ", last,
             " do not exist in dim ", dim, " of shape ", to_string(in.shape));
    }
    Spec out = in;
    out.shape[axis()] = length;
    return out;
  }
  bool view(const Spec&, const Strides& in_strides, Strides& out, int64_t& offset) const {
    out = in_strides;
    if (length > 0) offset += start * in_strides[axis()];
    out[axis()] *= step;
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const {
    Strides steps = contiguous_strides(base.shape());
    const int64_t offset = length > 0 ? start * steps[axis()] : 0;
    steps[axis()] *= step;
    return region_write(base, value, steps, offset);
  }
  void gradient(Grad& g) const {
    Tensor grad = g.grad();
    int64_t first = start;
    if (step < 0) {
      grad = slice_of(grad, axis(), length - 1, length, -1);
      first = start + (length - 1) * step;
    }
    const int64_t distance = std::abs(step), n = g.input_spec().shape[axis()];
    if (length == 0) {
      g.set(0, pad_window(grad, axis(), 0, n));
    } else {
      g.set(0, pad_window(grad, axis(), first, n - first - (length - 1) * distance - 1, distance - 1));
    }
  }
};

struct Select : ViewOp {
  static constexpr OpInfo info{.name = "select"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0, index = 0;
  static constexpr auto attrs = std::tuple{&Select::dim, &Select::index};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in) const {
    if (index >= in.shape[axis()]) {
      raise_index("select: index ", index, " is out of range for dim ", dim, " of shape ", to_string(in.shape));
    }
    Spec out = in;
    out.shape.erase(axis());
    return out;
  }
  bool view(const Spec&, const Strides& in_strides, Strides& out, int64_t& offset) const {
    out = in_strides;
    offset += index * in_strides[axis()];
    out.erase(axis());
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const {
    Strides steps = contiguous_strides(base.shape());
    const int64_t offset = index * steps[axis()];
    steps.erase(axis());
    return region_write(base, value, steps, offset);
  }
  void gradient(Grad& g) const {
    g.set(0, pad_window(unsqueeze(g.grad(), dim), axis(), index, g.input_spec().shape[axis()] - index - 1));
  }
};

}  // namespace

Tensor slice_of(const Tensor& input, int dim, int64_t start, int64_t length, int64_t step) {
  if (start == 0 && step == 1 && length == input.shape()[dim]) return input;
  return apply_list(Slice{.dim = dim, .start = start, .length = length, .step = step}, {input});
}

Tensor select_of(const Tensor& input, int dim, int64_t index) {
  return apply_list(Select{.dim = dim, .index = index}, {input});
}

DEEPSEEK_FUNCTION(Tensor, slice,
                  (const Tensor& input, int64_t dim DEFAULT(0), std::optional<int64_t> start DEFAULT(std::nullopt),
                   std::optional<int64_t> end DEFAULT(std::nullopt), int64_t step DEFAULT(1)),
                  "View of input[start:end:step] along `dim`, with Python's rules for negative and missing bounds.") {
  const int axis = wrap_dim(dim, input.rank(), "slice");
  ensure(input.rank() > 0, "slice: a 0-d tensor has no dim to slice");
  ensure(step > 0, "slice: step must be positive, but is ", step);
  const int64_t n = input.shape()[axis];
  auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + n : at, 0, n); };
  const int64_t first = bound(start.value_or(0)), last = end ? bound(*end) : n;
  const int64_t length = last > first ? (last - first - 1) / step + 1 : 0;
  return apply(Slice{.dim = axis, .start = first, .length = length, .step = step}, input);
}
DEEPSEEK_FACTS(slice, .in = {"hidden"},
               .reference = "numpy.moveaxis(numpy.moveaxis(input, dim, 0)[start:end:step], 0, dim)",
               .good = {"randn(5), 0, 1, 4", "randn(3, 7), 1, 0, 7, 3", "randn(3, 7), -1, -5, -1, 2",
                        "randn(4, 3), start=2", "randn(4, 3), end=-9", "ints(6), 0, 4, 2", "randn(0, 3), 0, 0, 5"},
               .bad = {"randn(4), 1, 0, 2", "randn(4), 0, 0, 2, 0", "randn(4), 0, 3, 0, -1", "randn(), 0, 0, 1"});

DEEPSEEK_FUNCTION(Tensor, select, (const Tensor& input, int64_t dim, int64_t index),
                  "View of element `index` along `dim`, which disappears from the shape.") {
  const int axis = wrap_dim(dim, input.rank(), "select");
  ensure(input.rank() > 0, "select: a 0-d tensor has no dim to select from");
  const int64_t n = input.shape()[axis];
  if (index < -n || index >= n) {
    raise_index("select: index ", index, " is out of range for dim ", axis, " of shape ", to_string(input.shape()));
  }
  return apply(Select{.dim = axis, .index = index < 0 ? index + n : index}, input);
}
DEEPSEEK_FACTS(select, .in = {"method"}, .reference = "numpy.take(input, index, axis=dim)",
               .good = {"randn(5), 0, 1", "randn(3, 7), 1, -1", "randn(3, 4, 5), -2, 3", "ints(2, 2), 0, -2"},
               .bad = {"randn(4), 0, 4", "randn(4), 0, -5", "randn(4), 1, 0", "randn(), 0, 0", "randn(0, 2), 0, 0"});

DEEPSEEK_FUNCTION(Tensor, narrow, (const Tensor& input, int64_t dim, int64_t start, int64_t length),
                  "View of `length` elements from `start` along `dim`.") {
  const int axis = wrap_dim(dim, input.rank(), "narrow");
  ensure(input.rank() > 0, "narrow: a 0-d tensor has no dim to narrow");
  const int64_t n = input.shape()[axis], first = start < 0 ? start + n : start;
  ensure(length >= 0 && first >= 0 && first + length <= n, "narrow: ", length, " elements from ", start,
         " do not exist in dim ", axis, " of shape ", to_string(input.shape()));
  return apply(Slice{.dim = axis, .start = first, .length = length}, input);
}
DEEPSEEK_FACTS(narrow, .in = {"method"},
               .reference = "numpy.take(input, numpy.arange(start, start + length), axis=dim)",
               .good = {"randn(5), 0, 1, 3", "randn(3, 7), -1, -4, 2", "randn(3, 4), 0, 3, 0"},
               .bad = {"randn(4), 0, 2, 3", "randn(4), 0, -5, 1", "randn(4), 1, 0, 1", "randn(4), 0, 0, -1"});

}  // namespace deepseek
