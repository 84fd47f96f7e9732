#include "deepseek/ops.h"
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

}  // namespace deepseek
