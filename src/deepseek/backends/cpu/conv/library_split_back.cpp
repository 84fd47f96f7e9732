// The gradient of the input of few images: parts are rows of it, each computed from the rows of the output that saw
// them.
#include <map>

#include "deepseek/backends/cpu/conv/library.h"
#include "deepseek/backends/cpu/dnnl/packed_forms.h"
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
    const dnnl::convolution_forward::primitive_desc hint(
        library::engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x,
        weights_desc(type, s, true), y, g.stride, g.dilation, g.front, g.back);
    const convolution_backward_data::primitive_desc d(library::engine(), dnnl::algorithm::convolution_direct, x, wanted,
                                                      y, g.stride, g.dilation, g.front, g.back, hint, attributes());
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
  std::vector<Call> calls;
  struct Part {
    size_t call;
    int64_t from, to;  // bytes
  };
  std::vector<Part> parts;
  library::Reorder pack;

  void operator()(const KernelRun& run) const {
    const void* weights =
        pack.packed(run.inputs[1], run.input_storages ? run.input_storages[1] : nullptr, run.workspace);
    const library::OneThread one_thread;
    parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Part& p = parts[static_cast<size_t>(i)];
        calls[p.call].run(static_cast<const std::byte*>(run.inputs[0]) + p.from, weights,
                          static_cast<std::byte*>(run.outputs[0]) + p.to);
      }
    });
  }
};

}  // namespace

KernelFn make_backward_input_split(const ConvShape& s, KernelContext& context, DType type) {
  constexpr int64_t least_products = 1 << 21;
  if (s.batch >= 8 || s.batch * s.out_pixels() * s.weights() / s.groups < least_products) return {};
  const auto dim = static_cast<size_t>(3 - s.spatial);
  const int64_t stride = s.stride[dim], span = (s.kernel[dim] - 1) * s.dilation[dim];
  const int64_t count = library::divisor_to(s.in[dim], parts_wanted / s.batch), rows = s.in[dim] / count;
  if (count < 2) return {};
  const int64_t element = size_of(type), in_row = element * s.in_channels * s.in_pixels() / s.in[dim],
                out_row = element * s.out_channels * s.out_pixels() / s.out[dim];
  ConvShape part = s;
  part.batch = 1, part.in[dim] = rows;
  BackRows f;
  std::map<std::array<int64_t, 2>, size_t> known;  // rows of the output, padding in front
  memory::desc weights = weights_desc(type, s, true);
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < count; ++i) {
      // Output row o saw the input rows o * stride - pad ... + span.
      const int64_t begin = i * rows, lowest = begin + s.pad[dim] - span;
      const int64_t first = lowest <= 0 ? 0 : (lowest + stride - 1) / stride;
      const int64_t last = std::min((begin + rows - 1 + s.pad[dim]) / stride + 1, s.out[dim]);
      if (first >= last) return {};
      part.out[dim] = last - first, part.pad[dim] = s.pad[dim] + begin - first * stride;
      const auto [at, fresh] = known.try_emplace({part.out[dim], part.pad[dim]}, f.calls.size());
      if (fresh) {
        try {
          f.calls.emplace_back(type, part, weights);
        } catch (const dnnl::error& e) {
          if (e.status != dnnl_unimplemented && e.status != dnnl_invalid_arguments) throw;
          return {};
        }
        weights = f.calls.back().weights;
      }
      f.parts.push_back({at->second, (n * s.out[dim] + first) * out_row, (n * s.in[dim] + begin) * in_row});
    }
  }
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  f.pack = library::Reorder(weights_desc(type, s, false), weights);
  if (f.pack.needed()) context.workspace = f.pack.bytes();
  return f;
}

}  // namespace deepseek::conv
