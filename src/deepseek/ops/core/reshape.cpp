#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// Strides under which `in` can be read with another shape; false when that needs a copy.
bool reshaped_strides(const Shape& from, const Strides& in, const Shape& to, Strides& out) {
  out = Strides::filled(to.size(), 0);
  if (from.numel() == 0) {
    out = contiguous_strides(to);
    return true;
  }
  int j = 0;
  for (int i = 0; i < from.size();) {
    // A run of source dims with one stride pattern, matched with the target dims of the same size.
    int64_t size = from[i];
    int last = i;
    while (last + 1 < from.size() &&
           (from[last + 1] == 1 || size == 1 || in[last] == from[last + 1] * in[last + 1])) {
      if (from[last + 1] == 1) {
        size *= 1;
        if (last + 2 > from.size()) break;
        // A dim of size 1 carries on the stride pattern of its neighbour.
        int k = last + 1;
        while (k < from.size() && from[k] == 1) ++k;
        if (k == from.size()) {
          last = from.size() - 1;
          break;
        }
        if (size != 1 && in[last] != from[k] * in[k]) break;
        size *= from[k];
        last = k;
        continue;
      }
      size *= from[last + 1];
      ++last;
    }
    int innermost = last;
    while (innermost > i && from[innermost] == 1) --innermost;
    int64_t stride = in[innermost], taken = 1;
    int end = j;
    while (end < to.size() && taken < size) taken *= to[end++];
    if (taken != size) return false;
    for (int k = end; k-- > j;) {
      out[k] = stride;
      stride *= to[k];
    }
    j = end;
    i = last + 1;
  }
  for (; j < to.size(); ++j) out[j] = 1;
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
