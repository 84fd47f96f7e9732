#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

Dims inverse(const Dims& order) {
  Dims back = order;
  for (int i = 0; i < order.size(); ++i) back[static_cast<int>(order[i])] = i;
  return back;
}

struct Permute : ViewOp {
  static constexpr OpInfo info{.name = "permute"};
  static constexpr Saves saves = Saves::nothing;
  Dims order;
  static constexpr auto attrs = std::tuple{&Permute::order};
  Spec infer(const Spec& in) const {
    Spec out = in;
    for (int i = 0; i < order.size(); ++i) out.shape[i] = in.shape[static_cast<int>(order[i])];
    return out;
  }
  bool view(const Spec&, const Strides& strides, Strides& out, int64_t&) const {
    out = strides;
    for (int i = 0; i < order.size(); ++i) out[i] = strides[static_cast<int>(order[i])];
    return true;
  }
  Tensor write_back(const Tensor&, const Tensor& value) const { return permute(value, inverse(order)); }
  void gradient(Grad& g) const { g.set(0, permute(g.grad(), inverse(order))); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, permute, (const Tensor& input, Dims dims), "A view with the dims in another order: dim i is dims[i] of `input`.") {
  ensure(dims.size() == input.rank(), "permute: dims ", to_string(dims), " must name each of the ", input.rank(), " dims of ",
         to_string(input.shape()), " once");
  uint32_t seen = 0;
  for (int64_t& d : dims) {
    d = wrap_dim(d, input.rank(), "permute");
    ensure(!(seen >> d & 1), "permute: dims ", to_string(dims), " name dim ", d, " twice");
    seen |= 1u << d;
  }
  return apply(Permute{{}, dims}, input);
}
DEEPSEEK_FACTS(permute, .in = {"method"}, .reference = "np.transpose(input, dims)",
               .good = {"randn(2, 3, 4), dims=(2, 0, 1)", "ints(2, 3), dims=(-1, 0)", "randn(), dims=()"},
               .bad = {"randn(2, 3), dims=(0, 0)", "randn(2, 3), dims=(0,)", "randn(2, 3), dims=(0, 2)"});

}  // namespace deepseek
