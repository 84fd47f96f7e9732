#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

struct Expand : ViewOp {
  static constexpr OpInfo info{.name = "expand"};
  static constexpr Saves saves = Saves::nothing;
  Shape shape;
  static constexpr auto attrs = std::tuple{&Expand::shape};
  Spec infer(const Spec& in) const { return {in.dtype, shape}; }
  bool view(const Spec& in, const Strides& strides, Strides& out, int64_t&) const {
    const int extra = shape.size() - in.rank();
    out = Strides::filled(shape.size(), 0);
    for (int d = 0; d < in.rank(); ++d) {
      if (in.shape[d] == shape[d + extra]) out[d + extra] = strides[d];
    }
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor&) const {
    raise_runtime("in-place write: the tensor is an expanded view of shape ", to_string(shape), " in which elements of ",
                  to_string(base.shape()), " appear several times; write to the base or to a clone()");
  }
  void gradient(Grad& g) const { g.set(0, sum_to(g.grad(), g.input_spec().shape)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, expand, (const Tensor& input, Dims size),
                  "A view in which dims of size 1 are repeated to `size` without copying; -1 keeps a dim. New dims come first.") {
  const int extra = size.size() - input.rank();
  ensure(extra >= 0, "expand: size ", to_string(size), " has fewer dims than the tensor ", to_string(input.shape()));
  for (int d = 0; d < size.size(); ++d) {
    if (size[d] == -1) {
      ensure(d >= extra, "expand: -1 in size ", to_string(size), " stands for a dim that the tensor ", to_string(input.shape()), " lacks");
      size[d] = input.shape()[d - extra];
    }
    ensure(size[d] >= 0, "expand: size ", to_string(size), " must not be negative");
  }
  ensure(broadcastable_to(input.shape(), size), "expand: ", to_string(input.shape()), " cannot be repeated to ", to_string(size),
         "; only dims of size 1 can");
  if (input.shape() == size) return input;
  return apply(Expand{{}, size}, input);
}
DEEPSEEK_FACTS(expand, .in = {"method"}, .reference = "np.broadcast_to(input, [n if s == -1 else s for s, n in zip(size, (0,) * (len(size) - input.ndim) + input.shape)])",
               .good = {"randn(3, 1), size=(3, 4)", "randn(1, 2), size=(5, -1, 2)", "randn(), size=(2, 2)"},
               .bad = {"randn(3, 2), size=(3, 4)", "randn(3, 2), size=(2,)", "randn(3), size=(-1, 3)"});

}  // namespace deepseek
