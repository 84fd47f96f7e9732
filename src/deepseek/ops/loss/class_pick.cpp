#include "deepseek/ops/loss/class_pick.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek {
namespace {

// Offsets of the elements of a (n, ...) tensor within one with the same dims: the class dim of x is left out.
Strides without_classes(const Operand& x) {
  Strides s;
  for (int d = 0; d < x.strides.size(); ++d) {
    if (d != 1) s.push_back(x.strides[d]);
  }
  return s;
}

int64_t offset_of(int64_t i, const Shape& shape, const Strides& strides) {
  int64_t offset = 0;
  for (int d = shape.size() - 1; d >= 0; --d) offset += i % shape[d] * strides[d], i /= shape[d];
  return offset;
}

}  // namespace

KernelFn ClassPick::prepare(KernelContext& context) const {
  const Shape shape = context.outputs[0].spec.shape;
  const int64_t classes = context.inputs[0].spec.shape[1], class_stride = context.inputs[0].strides[1],
      element = size_of(context.inputs[0].spec.dtype);
  const Strides x_strides = without_classes(context.inputs[0]), target_strides = context.inputs[1].strides;
  return [=, ignored = ignore, name = caller](const KernelRun& run) {
    const auto* x = static_cast<const std::byte*>(run.inputs[0]);
    const auto* target = static_cast<const int64_t*>(run.inputs[1]);
    auto* out = static_cast<std::byte*>(run.outputs[0]);
    parallel_for(shape.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t t = target[offset_of(i, shape, target_strides)];
        if (t == ignored) {
          std::fill_n(out + i * element, element, std::byte{0});
          continue;
        }
        if (t < 0 || t >= classes) {
          raise_index(name, ": target ", t, " at position ", i, " of target ", to_string(shape), " is not one of the ", classes,
                      " classes 0 to ", classes - 1);
        }
        std::copy_n(x + (offset_of(i, shape, x_strides) + t * class_stride) * element, element, out + i * element);
      }
    });
  };
}

void ClassPick::gradient(Grad& g) const {
  if (g.needs(0)) g.set(0, apply(ClassSpread{.classes = g.input_spec(0).shape[1], .ignore = ignore}, g.grad(), g.input(1)));
}

Spec ClassSpread::infer(const Spec& values, const Spec& target) const {
  Shape shape = target.shape;
  shape.insert(1, classes);
  return {values.dtype, shape};
}

Tensor ClassSpread::expand(const Tensor& values, const Tensor& target) const {
  Tensor inside = is_class(target, classes);
  if (ignore >= 0 && ignore < classes) inside = inside & (as_column(target) != ignore);
  return where(inside, as_column(values), 0.0);
}

void ClassSpread::gradient(Grad& g) const {
  if (g.needs(0)) g.set(0, apply(ClassPick{.ignore = ignore}, g.grad(), g.input(1)));
}

Tensor as_column(const Tensor& t) { return unsqueeze(t, 1); }

Tensor is_class(const Tensor& target, int64_t classes) {
  Shape shape = target.shape();
  shape.insert(1, classes);
  Strides steps = Dims::filled(shape.size(), 0);
  steps[1] = 1;
  return iota(shape, steps) == as_column(target);
}

}  // namespace deepseek
