#include <cstring>

#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/view/window.h"
#include "deepseek/tensor/half.h"

namespace deepseek {
namespace {

uint64_t element_bits(DType t, double v) {
  uint64_t bits = 0;
  visit_dtype(t, [&](auto zero) {
    using T = decltype(zero);
    T e;
    if constexpr (std::is_same_v<T, float16_t>)
      e = to_float16(static_cast<float>(v));
    else if constexpr (std::is_same_v<T, bfloat16_t>)
      e = to_bfloat16(static_cast<float>(v));
    else if constexpr (std::is_same_v<T, uint8_t>)
      e = static_cast<uint8_t>(static_cast<int64_t>(v));
    else if constexpr (std::is_same_v<T, bool>)
      e = v != 0;
    else
      e = static_cast<T>(v);
    std::memcpy(&bits, &e, sizeof e);
  });
  return bits;
}

struct PadWindow : KernelOp {
  static constexpr OpInfo info{.name = "pad"};
  static constexpr Saves saves = Saves::nothing;
  Dims low, high, interior;
  double fill = 0;
  static constexpr auto attrs = std::tuple{&PadWindow::low, &PadWindow::high, &PadWindow::interior, &PadWindow::fill};

  Spec infer(const Spec& in) const {
    Spec out = in;
    for (int d = 0; d < in.rank(); ++d) {
      const int64_t n = in.shape[d];
      out.shape[d] = low[d] + high[d] + n + std::max<int64_t>(0, n - 1) * interior[d];
    }
    return out;
  }

  // Fills all of a small output, of a large one only what the input leaves: the rows are then written once.
  KernelFn prepare(KernelContext& context) const {
    const Spec in = context.inputs[0].spec, out = context.outputs[0].spec;
    const Strides from = context.inputs[0].strides, rows = contiguous_strides(out.shape);
    Strides to = rows;
    int64_t offset = 0;
    for (int d = 0; d < in.rank(); ++d) {
      to[d] *= interior[d] + 1;
      offset += low[d] * rows[d];
    }
    const uint64_t bits = element_bits(in.dtype, fill);
    const bool blocks = std::all_of(interior.begin(), interior.end(), [](int64_t n) { return n == 0; });
    const Dims before = low;
    return [=](const KernelRun& run) {
      auto* target = static_cast<std::byte*>(run.outputs[0]);
      const int64_t size = size_of(in.dtype);
      if (blocks && in.numel() > 0)
        fill_border(target, out.shape, in.shape, before, &bits, size, 0, rows);
      else
        cpu::fill_elements(target, &bits, out.numel(), size);
      cpu::strided_copy(target + offset * size, to, run.inputs[0], from, in.shape, size);
    };
  }

  void gradient(Grad& g) const {
    Tensor inner = g.grad();
    const Shape& shape = g.input_spec().shape;
    for (int d = 0; d < shape.size(); ++d) {
      if (low[d] || high[d] || interior[d]) inner = slice_of(inner, d, low[d], shape[d], interior[d] + 1);
    }
    g.set(0, inner);
  }

 private:
  static void fill_border(std::byte* at, const Shape& out, const Shape& in, const Dims& low, const void* bits,
                          int64_t size, int d, const Strides& rows) {
    if (d == out.size() || (out[d] == in[d] && d + 1 == out.size())) return;
    const int64_t step = rows[d] * size;
    cpu::fill_elements(at, bits, low[d] * rows[d], size);
    for (int64_t i = low[d]; i < low[d] + in[d]; ++i) fill_border(at + i * step, out, in, low, bits, size, d + 1, rows);
    cpu::fill_elements(at + (low[d] + in[d]) * step, bits, (out[d] - low[d] - in[d]) * rows[d], size);
  }
};

}  // namespace

Tensor pad_window(const Tensor& input, const Dims& low, const Dims& high, const Dims& interior, double fill) {
  PadWindow op;
  op.low = low;
  op.high = high;
  op.interior = interior;
  op.fill = fill;
  return apply(op, input);
}

Tensor pad_window(const Tensor& input, int dim, int64_t low, int64_t high, int64_t interior, double fill) {
  if (low == 0 && high == 0 && interior == 0) return input;
  PadWindow op;
  op.low = op.high = op.interior = Dims::filled(input.rank(), 0);
  op.low[dim] = low;
  op.high[dim] = high;
  op.interior[dim] = interior;
  op.fill = fill;
  return apply(op, input);
}

}  // namespace deepseek
