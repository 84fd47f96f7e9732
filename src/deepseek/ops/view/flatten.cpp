#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// Its own op rather than a reshape: it names dims, not sizes, so a recorded model serves any batch size.
struct Flatten : ViewOp {
  static constexpr OpInfo info{.name = "flatten", .onnx = "Flatten", .tflite = "RESHAPE"};
  static constexpr Saves saves = Saves::nothing;
  int64_t first = 0, last = 0;  // first < last
  static constexpr auto attrs = std::tuple{&Flatten::first, &Flatten::last};

  Spec infer(const Spec& in) const {
    Spec out{in.dtype, {}};
    for (int d = 0; d < in.rank(); ++d) {
      if (d > first && d <= last)
        out.shape.back() *= in.shape[d];
      else
        out.shape.push_back(in.shape[d]);
    }
    return out;
  }
  bool view(const Spec& in, const Strides& in_strides, Strides& out, int64_t&) const {
    int64_t size = 1, step = 1;  // of the merged dim so far, from the innermost
    for (int d = static_cast<int>(last); d >= first; --d) {
      if (in.shape[d] == 1) continue;
      if (size == 1)
        step = in_strides[d];
      else if (in_strides[d] != step * size && in.numel() > 0)
        return false;
      size *= in.shape[d];
    }
    for (int d = 0; d < in.rank(); ++d) {
      if (d == first)
        out.push_back(step);
      else if (d < first || d > last)
        out.push_back(in_strides[d]);
    }
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const { return reshape(value, base.shape()); }
  void gradient(Grad& g) const { g.set(0, reshape(g.grad(), g.input_spec().shape)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, flatten, (const Tensor& input, int64_t start_dim DEFAULT(0), int64_t end_dim DEFAULT(-1)),
                  "View in which the dims from `start_dim` to `end_dim` are one. A 0-d tensor becomes 1-d.") {
  const int first = wrap_dim(start_dim, input.rank(), "flatten"), last = wrap_dim(end_dim, input.rank(), "flatten");
  if (input.rank() == 0) return unsqueeze(input, 0);
  ensure(first <= last, "flatten: start_dim ", start_dim, " lies after end_dim ", end_dim);
  if (first == last) return input;
  return apply(Flatten{.first = first, .last = last}, input);
}
DEEPSEEK_FACTS(flatten, .in = {"method"},
               .reference =
                   "numpy.reshape(input, input.shape[:start_dim] + (-1,) + (input.shape[end_dim:][1:])) "
                   "if input.ndim else input.reshape(1)",
               .good = {"randn(2, 3, 4)", "randn(2, 3, 4), 1", "randn(2, 3, 4), 0, -2", "randn()", "ints(5)"},
               .bad = {"randn(2, 3), 2", "randn(2, 3), 1, 0"});

DEEPSEEK_FUNCTION(Tensor, unflatten, (const Tensor& input, int64_t dim, Dims sizes),
                  "View in which dim `dim` is split into dims of `sizes`, one of which may be -1.") {
  const int axis = wrap_dim(dim, input.rank(), "unflatten");
  ensure(input.rank() > 0 && !sizes.empty(), "unflatten: needs a tensor with dims and at least one size");
  Shape shape;
  for (int d = 0; d < input.rank(); ++d) {
    if (d != axis) {
      shape.push_back(input.shape()[d]);
      continue;
    }
    int64_t known = 1, unknown = 0;
    for (int64_t n : sizes) n == -1 ? ++unknown : known *= n;
    const int64_t whole = input.shape()[d];
    const bool fits = unknown == 0 ? known == whole : unknown == 1 && known > 0 && whole % known == 0;
    ensure(fits, "unflatten: sizes ", to_string(sizes), " do not make dim ", axis, " of shape ",
           to_string(input.shape()));
    for (int64_t n : sizes) shape.push_back(n == -1 ? whole / known : n);
  }
  return reshape(input, shape);
}
DEEPSEEK_FACTS(unflatten, .in = {"method"},
               .reference = "numpy.reshape(input, input.shape[:dim] + tuple(sizes) + (input.shape[dim:][1:]))",
               .good = {"randn(6, 4), 0, (2, 3)", "randn(6, 4), -1, (2, -1)", "randn(4), 0, (4,)"},
               .bad = {"randn(6), 0, (4, 2)", "randn(6), 0, (-1, -1)", "randn(6), 1, (6,)", "randn(6), 0, (-2, -3)"});

DEEPSEEK_FUNCTION(Tensor, ravel, (const Tensor& input), "`input` as a vector, row by row; the same as `flatten`.") { return flatten(input); }
DEEPSEEK_FACTS(ravel, .in = {"method"}, .reference = "input.reshape(-1)", .good = {"randn(2, 3)", "randn()"});

DEEPSEEK_FUNCTION(Tensor, diagflat, (const Tensor& input, int64_t offset DEFAULT(0)),
                  "The matrix with the elements of `input`, row by row, on the diagonal `offset` columns above the main one, and zeros "
                  "elsewhere.") {
  return diag_embed(flatten(input), offset);
}
DEEPSEEK_FACTS(diagflat, .in = {"method"}, .reference = "numpy.diagflat(input, offset)", .good = {"randn(3)", "randn(2, 2), 1", "randn(), -1"});

DEEPSEEK_FUNCTION(TensorList, unravel_index, (const Tensor& indices, Dims shape),
                  "The row-major places `indices` of a tensor of the given shape as one index tensor per dim. int64.") {
  if (is_floating_point(indices.dtype()) || indices.dtype() == DType::bool_) {
    raise_type("unravel_index: indices must be integers, but are ", name_of(indices.dtype()));
  }
  int64_t count = 1;
  for (int64_t n : shape) {
    ensure(n >= 0, "unravel_index: sizes must not be negative, but are ", to_string(shape));
    count *= n;
  }
  const Tensor places = to(indices, DType::int64);
  if (places.is_computed()) {
    for (const int64_t at : places.contiguous_leaf().to_vector<int64_t>()) {
      ensure(at >= 0 && at < count, "unravel_index: place ", at, " does not exist in shape ", to_string(shape));
    }
  }
  const Strides strides = contiguous_strides(shape);
  TensorList out;
  for (int d = 0; d < shape.size(); ++d) {
    out.push_back(remainder(div(places, Tensor(strides[d]), "floor"), Tensor(shape[d])));
  }
  return out;
}
DEEPSEEK_FACTS(unravel_index, .reference = "numpy.unravel_index(indices, shape)", .good = {"ints(5, high=24), (2, 3, 4)", "ints(2, 2, high=6), (3, 2)", "ints(3, high=7), 7"},
               .bad = {"ints(2, low=6, high=9), (2, 3)", "randn(2), (2, 3)"});

DEEPSEEK_FUNCTION(Tensor, sum_to_size, (const Tensor& input, Dims size),
                  "`input` summed over the dims that broadcasting `size` to its shape would add or stretch.") {
  ensure(broadcastable_to(size, input.shape()), "sum_to_size: size ", to_string(size), " does not broadcast to ", to_string(input.shape()));
  return sum_to(is_floating_point(input.dtype()) ? input : to(input, DType::int64), size);
}
DEEPSEEK_FACTS(sum_to_size, .in = {"method", "hidden"},
               .reference = "input.sum(tuple(range(input.ndim - len(size)))).sum(tuple(d for d in range(len(size)) if size[d] == 1), keepdims=True)",
               .good = {"randn(2, 3), (1, 3)", "randn(4, 2, 3), (2, 1)", "randn(2, 3), (2, 3)"}, .bad = {"randn(2, 3), (2, 2)"});

}  // namespace deepseek
