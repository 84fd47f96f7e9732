#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// Strides under which `in` can be read with another shape; false when that needs a copy. Source dims that lie in memory like one
// long dim form a run; each run must be filled exactly by target dims.
bool reshaped_strides(const Shape& from, const Strides& in, const Shape& to, Strides& out) {
  out = Strides::filled(to.size(), 1);
  if (from.numel() == 0) {
    out = contiguous_strides(to);
    return true;
  }
  Dims sizes, strides;  // without dims of size 1, whose strides mean nothing
  for (int d = 0; d < from.size(); ++d) {
    if (from[d] != 1) sizes.push_back(from[d]), strides.push_back(in[d]);
  }
  int target = to.size() - 1;
  for (int d = sizes.size() - 1; d >= 0;) {
    const int64_t stride = strides[d];
    int64_t run = sizes[d];
    while (--d >= 0 && strides[d] == run * stride) run *= sizes[d];
    int64_t filled = 1;
    while (target >= 0 && filled < run) {
      out[target] = filled * stride;
      filled *= to[target--];
    }
    if (filled != run) return false;
  }
  return true;
}

struct Reshape : ViewOp {
  static constexpr OpInfo info{.name = "reshape"};
  static constexpr Saves saves = Saves::nothing;
  Shape shape;
  static constexpr auto attrs = std::tuple{&Reshape::shape};
  Spec infer(const Spec& in) const {
    DEEPSEEK_CHECK(in.numel() == shape.numel(), to_string(in), " ", to_string(shape));
    return {in.dtype, shape};
  }
  bool view(const Spec& in, const Strides& strides, Strides& out, int64_t&) const {
    return reshaped_strides(in.shape, strides, shape, out);
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const { return reshape(value, base.shape()); }
  void gradient(Grad& g) const { g.set(0, reshape(g.grad(), g.input_spec().shape)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, reshape, (const Tensor& input, Dims shape),
                  "The same elements in row-major order under another shape; one entry may be -1 and is inferred.\n"
                  "A view where torch gives a view.") {
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      ensure(unknown < 0, "reshape: only one dim may be -1, but the shape is ", to_string(shape));
      unknown = i;
    } else {
      ensure(shape[i] >= 0, "reshape: dims must not be negative (other than one -1), but the shape is ", to_string(shape));
      known *= shape[i];
    }
  }
  const int64_t n = input.numel();
  if (unknown >= 0) {
    ensure(known > 0 && n % known == 0, "reshape: ", n, " elements of ", to_string(input.shape()), " do not fill shape ", to_string(shape));
    shape[unknown] = n / known;
  }
  ensure(shape.numel() == n, "reshape: ", to_string(input.shape()), " has ", n, " elements, but shape ", to_string(shape), " needs ",
         shape.numel());
  return apply(Reshape{{}, shape}, input);
}
DEEPSEEK_FACTS(reshape, .in = {"method"}, .reference = "input.reshape(shape)",
               .good = {"randn(2, 6), shape=(3, 4)", "randn(2, 3, 4), shape=(-1, 4)", "randn(1), shape=()", "ints(0, 3), shape=(3, 0)"},
               .bad = {"randn(2, 3), shape=(4,)", "randn(2, 3), shape=(-1, -1)", "randn(2, 3), shape=(-2, 3)", "randn(5), shape=(2, -1)"});

}  // namespace deepseek
