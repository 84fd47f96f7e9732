#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

struct Unfold : ViewOp {
  static constexpr OpInfo info{.name = "unfold"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0, size = 1, step = 1;
  static constexpr auto attrs = std::tuple{&Unfold::dim, &Unfold::size, &Unfold::step};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in) const {
    Spec out = in;
    out.shape[axis()] = (in.shape[axis()] - size) / step + 1;
    out.shape.push_back(size);
    return out;
  }
  bool view(const Spec&, const Strides& in_strides, Strides& out, int64_t&) const {
    out = in_strides;
    out.push_back(in_strides[axis()]);
    out[axis()] *= step;
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const {
    ensure(step >= size, "in-place write: windows of unfold overlap (size ", size, ", step ", step,
           "), so the result would depend "
           "on the order; write to a clone()");
    return region_write(base, value, steps(base.shape()), 0);
  }
  void gradient(Grad& g) const {
    g.set(0, region_place(g.grad(), g.input_spec().shape, steps(g.input_spec().shape), 0));
  }

 private:
  Strides steps(const Shape& shape) const {
    Strides s = contiguous_strides(shape);
    s.push_back(s[axis()]);
    s[axis()] *= step;
    return s;
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, unfold_dim, (const Tensor& input, int64_t dimension, int64_t size, int64_t step),
                  "View of all windows of `size` elements along `dimension`, every `step`; the last dim runs inside a "
                  "window. torch has it as "
                  "the method Tensor.unfold.") {
  if (input.rank() == 0) return unfold_dim(reshape(input, {1}), dimension, size, step);
  const int axis = wrap_dim(dimension, input.rank(), "unfold_dim");
  ensure(input.rank() < max_rank, "unfold_dim: the tensor must have at most ", max_rank - 1,
         " dims, but its shape is ", to_string(input.shape()));
  ensure(size >= 0 && size <= input.shape()[axis], "unfold_dim: size ", size, " does not fit dim ", axis, " of shape ",
         to_string(input.shape()));
  ensure(step > 0, "unfold_dim: step must be positive, but is ", step);
  return apply(Unfold{.dim = axis, .size = size, .step = step}, input);
}
DEEPSEEK_FACTS(unfold_dim, .in = {"method"},
               .reference =
                   "numpy.lib.stride_tricks.sliding_window_view(input, size, dimension)[(slice(None),) * (dimension % "
                   "input.ndim) + (slice(None, None, step),)]",
               .good = {"randn(7), 0, 3, 1", "randn(7), 0, 3, 2", "randn(2, 6, 3), 1, 2, 3", "randn(3, 5), -1, 5, 1",
                        "ints(8), 0, 2, 4"},
               .bad = {"randn(3), 0, 4, 1", "randn(3), 0, 2, 0", "randn(3), 1, 1, 1", "randn(), 0, 2, 1"});

}  // namespace deepseek
