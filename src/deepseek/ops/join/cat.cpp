#include <algorithm>

#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/promote.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

// Whether the channels of an image (batch, channels, space...) are innermost in memory.
bool channels_last(const Operand& in) {
  const Shape& shape = in.spec.shape;
  if (shape.size() < 4 || shape[1] == 1 || in.strides[1] != 1) return false;
  int64_t step = shape[1];
  for (int d = shape.size() - 1; d >= 0; --d) {
    if (d == 1) continue;
    if (shape[d] != 1 && in.strides[d] < step) return false;
    step *= shape[d];
  }
  return true;
}

// Each input goes to its place in the output as it lies in memory: slices, transposes and broadcasts need no copy
// before. Images of one layout are joined in it, since the convolution that made them is most often read by another.
KernelFn copy_parts(KernelContext& context, int dim, bool stacked) {
  struct Part {
    Shape shape;
    Strides from, to;
    int64_t offset;
  };
  const Spec out = context.outputs[0].spec;
  if (!stacked && std::all_of(context.inputs.begin(), context.inputs.end(), channels_last)) {
    context.outputs[0].strides = conv::channels_last_strides(out.shape);
  }
  const Strides rows = context.outputs[0].strides;
  std::vector<Part> parts;
  int64_t at = 0;
  for (const Operand& in : context.inputs) {
    Strides to = rows;
    if (stacked) to.erase(dim);
    parts.push_back({in.spec.shape, in.strides, to, at * rows[dim] * size_of(out.dtype)});
    at += stacked ? 1 : in.spec.shape[dim];
  }
  return [parts = std::move(parts), size = size_of(out.dtype)](const KernelRun& run) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const Part& p = parts[i];
      cpu::strided_copy(static_cast<std::byte*>(run.outputs[0]) + p.offset, p.to, run.inputs[i], p.from, p.shape, size);
    }
  };
}

struct Cat : KernelOp {
  static constexpr OpInfo info{.name = "cat", .onnx = "Concat", .tflite = "CONCATENATION"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&Cat::dim};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(Specs in) const {
    Spec out = *in[0];
    for (size_t i = 1; i < in.size(); ++i) {
      Shape expected = out.shape;
      if (in[i]->rank() == out.rank()) expected[axis()] = in[i]->shape[axis()];
      ensure(in[i]->shape == expected, "cat: shapes must be equal except in dim ", dim, ", but tensor 0 is ",
             to_string(in[0]->shape), " and tensor ", i, " is ", to_string(in[i]->shape));
      out.shape[axis()] += in[i]->shape[axis()];
    }
    return out;
  }
  KernelFn prepare(KernelContext& context) const { return copy_parts(context, axis(), false); }
  void gradient(Grad& g) const {
    int64_t at = 0;
    for (int i = 0; i < g.inputs(); ++i) {
      const int64_t n = g.input_spec(i).shape[axis()];
      if (g.needs(i)) g.set(i, slice_of(g.grad(), axis(), at, n));
      at += n;
    }
  }
};

struct Stack : KernelOp {
  static constexpr OpInfo info{.name = "stack", .tflite = "PACK"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&Stack::dim};
  int axis() const { return static_cast<int>(dim); }

  Spec infer(Specs in) const {
    for (size_t i = 1; i < in.size(); ++i) {
      ensure(in[i]->shape == in[0]->shape, "stack: shapes must be equal, but tensor 0 is ", to_string(in[0]->shape),
             " and tensor ", i, " is ", to_string(in[i]->shape));
    }
    Spec out = *in[0];
    out.shape.insert(axis(), static_cast<int64_t>(in.size()));
    return out;
  }
  KernelFn prepare(KernelContext& context) const { return copy_parts(context, axis(), true); }
  void gradient(Grad& g) const {
    for (int i = 0; i < g.inputs(); ++i) {
      if (g.needs(i)) g.set(i, select_of(g.grad(), axis(), i));
    }
  }
};

TensorList of_one_type(const TensorList& tensors, std::string_view op) {
  ensure(!tensors.empty(), op, ": needs at least one tensor");
  std::vector<const Tensor*> operands;
  for (const Tensor& x : tensors) operands.push_back(&x);
  const DType type = result_type(operands);
  TensorList out;
  for (const Tensor& x : tensors) out.push_back(cast(x, type));
  return out;
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, cat, (const TensorList& tensors, int64_t dim DEFAULT(0)),
    "The tensors one after the other along `dim`; all other sizes must be equal.\n\n"
    "Element types are promoted to a common one. Tensors of shape (0,) are skipped, whatever the others' shape.") {
  TensorList parts;
  for (const Tensor& x : of_one_type(tensors, "cat")) {
    if (!(x.shape() == Shape{0})) parts.push_back(x);
  }
  if (parts.empty()) parts.push_back(cast(tensors[0], of_one_type(tensors, "cat")[0].dtype()));
  ensure(parts[0].rank() > 0, "cat: 0-d tensors have no dim to be joined along; use stack");
  return apply_list(Cat{.dim = wrap_dim(dim, parts[0].rank(), "cat")}, parts);
}
DEEPSEEK_FACTS(cat, .reference = "numpy.concatenate(tensors, axis=dim)",
               .good = {"[randn(2, 3), randn(1, 3)]", "[randn(2, 3), randn(2, 1), randn(2, 0)], dim=-1", "[randn(4)]",
                        "[ints(2, 2), randn(2, 2)], dim=1", "[randn(2, 1, 5), randn(2, 3, 5)], dim=1"},
               .bad = {"[]", "[randn(2, 3), randn(2, 2)]", "[randn(2, 3), randn(2)]", "[randn(2)], dim=1",
                       "[randn(), randn()]"});

DEEPSEEK_FUNCTION(Tensor, stack, (const TensorList& tensors, int64_t dim DEFAULT(0)),
                  "The tensors, of equal shape, side by side along a new dim `dim`.") {
  const TensorList parts = of_one_type(tensors, "stack");
  return apply_list(Stack{.dim = wrap_dim(dim, parts[0].rank() + 1, "stack")}, parts);
}
DEEPSEEK_FACTS(stack, .reference = "numpy.stack(tensors, axis=dim)",
               .good = {"[randn(2, 3), randn(2, 3)]", "[randn(2, 3), randn(2, 3), randn(2, 3)], dim=-1",
                        "[randn(), randn()]", "[ints(2), bools(2)], dim=1"},
               .bad = {"[]", "[randn(2, 3), randn(3, 2)]", "[randn(2)], dim=2"});

}  // namespace deepseek
