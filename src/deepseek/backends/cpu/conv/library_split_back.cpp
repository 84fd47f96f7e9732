// The gradient of the input of few images: parts are rows of it, each computed from the rows of the output that saw
// them.
#include "deepseek/backends/cpu/conv/row_parts.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::conv {
namespace {

using dnnl::convolution_backward_data;

struct Call {
  convolution_backward_data primitive;
  memory::desc y, weights, x, scratchpad;

  Call(DType type, const ConvShape& s, const memory::desc& wanted) {
    const library::OneThread one_thread;
    x = channels_last(type, s.batch, s.in_channels, s.in, s.spatial);
    y = channels_last(type, s.batch, s.out_channels, s.out, s.spatial);
    const Geometry g(s);
    const convolution_backward_data::primitive_desc d(library::engine(), dnnl::algorithm::convolution_direct, x, wanted, y, g.stride,
                                                      g.dilation, g.front, g.back, forward_hint(type, s, x, y), attributes());
    primitive = convolution_backward_data(d);
    weights = d.weights_desc(), scratchpad = d.scratchpad_desc();
  }

  void run(const void* from, const void* w, void* to) const {
    const dnnl::engine& e = library::engine();
    void* scratch = gemm::thread_scratch(static_cast<int64_t>(scratchpad.get_size()));
    primitive.execute(library::stream(), {{DNNL_ARG_DIFF_DST, {y, e, const_cast<void*>(from)}},
                                          {DNNL_ARG_WEIGHTS, {weights, e, const_cast<void*>(w)}},
                                          {DNNL_ARG_DIFF_SRC, {x, e, to}},
                                          {DNNL_ARG_SCRATCHPAD, {scratchpad, e, scratch}}});
  }
};

struct BackRows {
  RowParts<Call> rows;

  void operator()(const KernelRun& run) const {
    rows.run(run, [](const Call& call, const void* from, const void* weights, void* to, int64_t) { call.run(from, weights, to); });
  }
};

}  // namespace

KernelFn make_backward_input_split(const ConvShape& s, KernelContext& context, DType type) {
  constexpr int64_t least_products = 1 << 21;
  if (s.batch >= 8 || s.products() / s.groups < least_products) return {};
  const size_t dim = row_dim(s);
  const int64_t stride = s.stride[dim], span = (s.kernel[dim] - 1) * s.dilation[dim];
  const int64_t count = library::divisor_to(s.in[dim], parts_wanted / s.batch), rows = s.in[dim] / count;
  if (count < 2) return {};
  const int64_t in_row = in_row_bytes(s, type), out_row = out_row_bytes(s, type);
  ConvShape part = s;
  part.batch = 1, part.in[dim] = rows;
  BackRows f;
  try {
    for (int64_t n = 0; n < s.batch; ++n) {
      for (int64_t i = 0; i < count; ++i) {
        // Output row o saw the input rows o * stride - pad ... + span.
        const int64_t begin = i * rows, lowest = begin + s.pad[dim] - span;
        const int64_t first = lowest <= 0 ? 0 : (lowest + stride - 1) / stride;
        const int64_t last = std::min((begin + rows - 1 + s.pad[dim]) / stride + 1, s.out[dim]);
        if (first >= last) return {};
        part.out[dim] = last - first, part.pad[dim] = s.pad[dim] + begin - first * stride;
        f.rows.add({part.out[dim], part.pad[dim], 0}, (n * s.out[dim] + first) * out_row, (n * s.in[dim] + begin) * in_row,
                   [&](const memory::desc* weights) { return Call(type, part, weights ? *weights : weights_desc(type, s, true)); });
      }
    }
  } catch (const dnnl::error& e) {
    if (e.status != dnnl_unimplemented && e.status != dnnl_invalid_arguments) throw;
    return {};
  }
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  f.rows.pack_weights(s, context, type);
  return f;
}

}  // namespace deepseek::conv
