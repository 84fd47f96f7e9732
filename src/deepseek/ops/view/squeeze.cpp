#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/reduce/dims.h"

namespace deepseek {
namespace {

struct Squeeze : ViewOp {
  static constexpr OpInfo info{.name = "squeeze", .onnx = "Squeeze", .tflite = "SQUEEZE"};
  static constexpr Saves saves = Saves::nothing;
  DimMask dims = 0;  // the dims that disappear
  static constexpr auto attrs = std::tuple{&Squeeze::dims};

  Spec infer(const Spec& in) const {
    ensure(reduced_count(in.shape, dims) == 1, "squeeze: dims ", to_string(dims_of(dims)), " of shape ",
           to_string(in.shape), " do not all have size 1");
    return {in.dtype, reduced_shape(in.shape, dims, false)};
  }
  bool view(const Spec&, const Strides& in_strides, Strides& out, int64_t&) const {
    out = reduced_shape(in_strides, dims, false);
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const { return reshape(value, base.shape()); }
  void gradient(Grad& g) const { g.set(0, reshape(g.grad(), g.input_spec().shape)); }
};

struct Unsqueeze : ViewOp {
  static constexpr OpInfo info{.name = "unsqueeze", .onnx = "Unsqueeze", .tflite = "EXPAND_DIMS"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&Unsqueeze::dim};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(const Spec& in) const {
    Spec out = in;
    out.shape.insert(axis(), 1);
    return out;
  }
  bool view(const Spec& in, const Strides& in_strides, Strides& out, int64_t&) const {
    out = in_strides;
    out.insert(axis(), axis() < in.rank() ? in_strides[axis()] * std::max<int64_t>(in.shape[axis()], 1) : 1);
    return true;
  }
  Tensor write_back(const Tensor&, const Tensor& value) const {
    return apply(Squeeze{.dims = DimMask{1} << axis()}, value);
  }
  void gradient(Grad& g) const { g.set(0, apply(Squeeze{.dims = DimMask{1} << axis()}, g.grad())); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, unsqueeze, (const Tensor& input, int64_t dim),
                  "View with a dim of size 1 inserted at position `dim`, which may count from the end: -1 appends.") {
  ensure(input.rank() < max_rank, "unsqueeze: a tensor has at most ", max_rank, " dims, and the input has that many");
  return apply(Unsqueeze{.dim = wrap_dim(dim, input.rank() + 1, "unsqueeze")}, input);
}
DEEPSEEK_FACTS(unsqueeze, .in = {"method"}, .reference = "numpy.expand_dims(input, dim)",
               .good = {"randn(2, 3), 0", "randn(2, 3), -1", "randn(2, 3), 1", "randn(), 0", "ints(0, 2), -3"},
               .bad = {"randn(2, 3), 3", "randn(2, 3), -4", "randn(1, 1, 1, 1, 1, 1, 1, 1), 0"});

DEEPSEEK_FUNCTION(Tensor, squeeze, (const Tensor& input, OptionalDims dim DEFAULT(std::nullopt)),
                  "View without the dims of size 1: all of them, or those among `dim`. Other dims stay as they are.") {
  DimMask mask = dim && dim->empty() ? 0 : reduce_mask(dim.value_or(Dims{}), input.rank(), "squeeze");
  for (int d = 0; d < input.rank(); ++d) {
    if (input.shape()[d] != 1) mask &= ~(DimMask{1} << d);
  }
  return apply(Squeeze{.dims = mask}, input);
}
DEEPSEEK_FACTS(squeeze, .in = {"method"},
               .reference =
                   "numpy.squeeze(input, tuple(d for d in (dim if isinstance(dim, tuple) and dim else "
                   "range(input.ndim) if dim in ((), None) else (dim,)) if input.shape[d] == 1))",
               .good = {"randn(2, 1, 3, 1)", "randn(2, 1, 3, 1), dim=-1", "randn(1, 1, 2), dim=(0, 1)",
                        "randn(2, 3), dim=0", "randn()"},
               .bad = {"randn(2, 1), dim=2", "randn(2, 1), dim=(1, -1)"});

}  // namespace deepseek
