#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/view/window.h"
#include "deepseek/tensor/half.h"

namespace deepseek {
namespace {

struct RegionView : ViewOp {
  static constexpr OpInfo info{.name = "as_strided"};
  static constexpr Saves saves = Saves::nothing;
  Shape shape;
  Strides steps;
  int64_t offset = 0;
  static constexpr auto attrs = std::tuple{&RegionView::shape, &RegionView::steps, &RegionView::offset};

  Spec infer(const Spec& in) const { return {in.dtype, shape}; }
  bool view(const Spec& in, const Strides& in_strides, Strides& out, int64_t& at) const {
    if (!is_contiguous(in.shape, in_strides)) return false;
    out = steps;
    at += offset;
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const {
    ensure(!overlaps({shape, steps, offset}), "in-place write: elements of this view share memory (shape ",
           to_string(shape), ", strides ", to_string(steps),
           "), so the result would depend on the order; write to a clone()");
    return region_write(base, value, steps, offset);
  }
  void gradient(Grad& g) const { g.set(0, region_place(g.grad(), g.input_spec().shape, steps, offset)); }
};

struct RegionWrite : KernelOp {
  static constexpr OpInfo info{.name = "region_write"};
  static constexpr Saves saves = Saves::nothing;
  Strides steps;
  int64_t offset = 0;
  static constexpr auto attrs = std::tuple{&RegionWrite::steps, &RegionWrite::offset};

  Spec infer(const Spec& base, const Spec&) const { return base; }
  KernelFn prepare(KernelContext& context) const {
    const Spec base = context.inputs[0].spec, value = context.inputs[1].spec;
    context.inputs[0].strides = contiguous_strides(base.shape);
    context.may_alias.push_back({0, 0});
    const Strides from = context.inputs[1].strides;
    return [=, to = steps, start = offset](const KernelRun& run) {
      auto* target = static_cast<std::byte*>(run.outputs[0]);
      const Strides dense{1}, count{base.numel()};
      if (run.inputs[0] != target) cpu::strided_copy(target, dense, run.inputs[0], dense, count, size_of(base.dtype));
      cpu::strided_copy(target + start * size_of(base.dtype), to, run.inputs[1], from, value.shape,
                        size_of(base.dtype));
    };
  }
  void gradient(Grad& g) const {
    const Tensor zero = filled(g.input_spec(1).shape, Tensor(Value{scalar_value(0.0, g.grad().dtype())}));
    if (g.needs(0)) g.set(0, region_write(g.grad(), zero, steps, offset));
    if (g.needs(1)) g.set(1, region_view(g.grad(), {g.input_spec(1).shape, steps, offset}));
  }
};

template <class T>
void add_element(T* to, T value) {
  if constexpr (std::is_same_v<T, bfloat16_t>)
    *to = to_bfloat16(to_float(*to) + to_float(value));
  else if constexpr (std::is_same_v<T, float16_t>)
    *to = to_float16(to_float(*to) + to_float(value));
  else if constexpr (std::is_same_v<T, bool>)
    *to = *to || value;
  else
    *to = static_cast<T>(*to + value);
}

struct RegionPlace : KernelOp {
  static constexpr OpInfo info{.name = "region_place"};
  static constexpr Saves saves = Saves::nothing;
  Shape base;
  Strides steps;
  int64_t offset = 0;
  static constexpr auto attrs = std::tuple{&RegionPlace::base, &RegionPlace::steps, &RegionPlace::offset};

  Spec infer(const Spec& in) const { return {in.dtype, base}; }
  void cpu(const KernelArgs& a) const {
    const Spec& in = a.in_spec(0);
    const int64_t size = size_of(in.dtype);
    const uint64_t zero = 0;
    cpu::fill_elements(a.out<std::byte>(), &zero, base.numel(), size);
    if (!overlaps({in.shape, steps, offset})) {
      cpu::strided_copy(a.out<std::byte>() + offset * size, steps, a.in<void>(0), contiguous_strides(in.shape),
                        in.shape, size);
      return;
    }
    visit_dtype(in.dtype, [&](auto type) {
      using T = decltype(type);
      const T* from = a.in<T>(0);
      add_dim(a.out<T>() + offset, from, in.shape, 0);
    });
  }
  template <class T>
  void add_dim(T* to, const T*& from, const Shape& shape, int d) const {
    if (d == shape.size()) return add_element(to, *from++);
    for (int64_t i = 0; i < shape[d]; ++i) add_dim(to + i * steps[d], from, shape, d + 1);
  }
  void gradient(Grad& g) const { g.set(0, region_view(g.grad(), {g.input_spec().shape, steps, offset})); }
};

}  // namespace

bool overlaps(const Region& region) {
  if (region.shape.numel() == 0) return false;
  Dims order;
  for (int d = 0; d < region.shape.size(); ++d) {
    if (region.shape[d] > 1) order.push_back(d);
  }
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::abs(region.steps[static_cast<int>(a)]) < std::abs(region.steps[static_cast<int>(b)]);
  });
  int64_t extent = 0;  // distance between the first and the last element of the dims seen so far
  for (int64_t at : order) {
    const int d = static_cast<int>(at);
    const int64_t step = std::abs(region.steps[d]);
    if (step <= extent) return true;
    extent += step * (region.shape[d] - 1);
  }
  return false;
}

Tensor region_view(const Tensor& base, const Region& region) {
  RegionView op;
  op.shape = region.shape;
  op.steps = region.steps;
  op.offset = region.offset;
  return apply(op, base);
}

Tensor region_write(const Tensor& base, const Tensor& value, const Strides& steps, int64_t offset) {
  RegionWrite op;
  op.steps = steps;
  op.offset = offset;
  return apply(op, base, value);
}

Tensor region_place(const Tensor& value, const Shape& base, const Strides& steps, int64_t offset) {
  RegionPlace op;
  op.base = base;
  op.steps = steps;
  op.offset = offset;
  return apply(op, value);
}

DEEPSEEK_FUNCTION(
    Tensor, as_strided, (const Tensor& input, Dims size, Dims stride, int64_t storage_offset DEFAULT(0)),
    "View of shape `size` whose element i is number storage_offset + sum(i * stride) of the row-major `input`.\n\n"
    "Elements may overlap, then the view cannot be written.") {
  ensure(size.size() == stride.size(), "as_strided: size ", to_string(size), " and stride ", to_string(stride),
         " must have as many entries");
  int64_t last = storage_offset;
  for (int d = 0; d < size.size(); ++d) {
    ensure(size[d] >= 0 && stride[d] >= 0, "as_strided: size ", to_string(size), " and stride ", to_string(stride),
           " must not be negative");
    last += std::max<int64_t>(0, size[d] - 1) * stride[d];
  }
  ensure(storage_offset >= 0 && (size.numel() == 0 || last < input.numel()), "as_strided: size ", to_string(size),
         ", stride ", to_string(stride), " and storage_offset ", storage_offset, " reach element ", last,
         ", but the input has ", input.numel());
  return region_view(input, {size, stride, storage_offset});
}
DEEPSEEK_FACTS(as_strided, .in = {"method"},
               .reference =
                   "numpy.lib.stride_tricks.as_strided(input.ravel()[storage_offset:], size, "
                   "[s * input.itemsize for s in stride])",
               .good = {"randn(4, 3), size=(2, 2), stride=(3, 1)",
                        "randn(9), size=(3, 4), stride=(2, 1), storage_offset=1", "ints(3, 3), size=(3,), stride=(4,)"},
               .bad = {"randn(4), size=(3,), stride=(2,)", "randn(4), size=(2,), stride=(1, 1)",
                       "randn(4), size=(2,), stride=(-1,)", "randn(4), size=(2,), stride=(1,), storage_offset=-1"});

}  // namespace deepseek
