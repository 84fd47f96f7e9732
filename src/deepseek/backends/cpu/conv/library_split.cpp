// Forward convolution of few images: parts are rows of the output where activations are the larger operand, and output
// channels where weights are, so that a part reads little of the larger one.
#include <map>

#include "deepseek/backends/cpu/conv/library.h"
#include "deepseek/backends/cpu/dnnl/packed_forms.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::conv {
namespace {

using dnnl::convolution_forward;

convolution_forward::primitive_desc describe(DType type, const ConvShape& s, const memory::desc& weights, bool bias, bool relu,
                                             int64_t front, int64_t back) {
  Geometry g(s);
  if (front >= 0) g.front[0] = front, g.back[0] = back;
  dnnl::primitive_attr attr = attributes();
  if (relu) {
    dnnl::post_ops posts;
    posts.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
    attr.set_post_ops(posts);
  }
  const memory::desc b = bias ? memory::desc({s.out_channels}, library::data_type(type), memory::format_tag::a) : memory::desc();
  return {library::engine(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
          channels_last(type, s.batch, s.in_channels, s.in, s.spatial), weights, b,
          channels_last(type, s.batch, s.out_channels, s.out, s.spatial), g.stride, g.dilation, g.front, g.back, attr};
}

// A primitive and what it is called with.
struct Call {
  convolution_forward primitive;
  memory::desc x, weights, bias, y, scratchpad;

  explicit Call(const convolution_forward::primitive_desc& d)
      : primitive(d), x(d.src_desc()), weights(d.weights_desc()), bias(d.bias_desc()), y(d.dst_desc()), scratchpad(d.scratchpad_desc()) {}

  int64_t scratch() const { return gemm::round_up(static_cast<int64_t>(scratchpad.get_size()), 64); }
  void run(const void* from, const void* w, const void* b, void* to, void* scratch) const {
    const dnnl::engine& e = library::engine();
    std::unordered_map<int, memory> args{{DNNL_ARG_SRC, {x, e, const_cast<void*>(from)}},
                                         {DNNL_ARG_WEIGHTS, {weights, e, const_cast<void*>(w)}},
                                         {DNNL_ARG_DST, {y, e, to}},
                                         {DNNL_ARG_SCRATCHPAD, {scratchpad, e, scratch}}};
    if (b) args.emplace(DNNL_ARG_BIAS, memory(bias, e, const_cast<void*>(b)));
    primitive.execute(library::stream(), args);
  }
};

struct Rows {
  std::vector<Call> calls;
  struct Part {
    size_t call;
    int64_t from, to;  // bytes
  };
  std::vector<Part> parts;
  library::Reorder pack;
  bool bias;

  void operator()(const KernelRun& run) const {
    const void* weights = pack.packed(run.inputs[1], run.input_storages ? run.input_storages[1] : nullptr, run.workspace);
    const library::OneThread one_thread;
    parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Part& part = parts[static_cast<size_t>(i)];
        const Call& call = calls[part.call];
        call.run(static_cast<const std::byte*>(run.inputs[0]) + part.from, weights, bias ? run.inputs[2] : nullptr,
                 static_cast<std::byte*>(run.outputs[0]) + part.to, gemm::thread_scratch(call.scratch()));
      }
    });
  }
};

// One call per part of the rows of each image; equal parts share a primitive.
KernelFn make_rows(const ConvShape& s, KernelContext& context, DType type, bool bias, bool relu) {
  const auto dim = static_cast<size_t>(3 - s.spatial);
  const int64_t count = library::divisor_to(s.out[dim], parts_wanted / s.batch), rows = s.out[dim] / count;
  if (count < 2) return {};
  const int64_t element = size_of(type), in_row = element * s.in_channels * s.in_pixels() / s.in[dim],
                out_row = element * s.out_channels * s.out_pixels() / s.out[dim];
  Rows f{.bias = bias};
  std::map<std::array<int64_t, 3>, size_t> known;  // rows of the input, padding in front and behind
  memory::desc weights = weights_desc(type, s, true);
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = i * rows * s.stride[dim] - s.pad[dim];
      const int64_t last = first + (rows - 1) * s.stride[dim] + (s.kernel[dim] - 1) * s.dilation[dim] + 1;
      const int64_t begin = std::clamp<int64_t>(first, 0, s.in[dim]), end = std::clamp<int64_t>(last, begin, s.in[dim]);
      if (begin == end) return {};
      const auto [at, fresh] = known.try_emplace({end - begin, begin - first, last - end}, f.calls.size());
      if (fresh) {
        ConvShape part = s;
        part.batch = 1, part.in[dim] = end - begin, part.out[dim] = rows;
        const library::OneThread one_thread;
        f.calls.emplace_back(describe(type, part, weights, bias, relu, begin - first, last - end));
        weights = f.calls.back().weights;
      }
      f.parts.push_back({at->second, (n * s.in[dim] + begin) * in_row, (n * s.out[dim] + i * rows) * out_row});
    }
  }
  f.pack = library::Reorder(weights_desc(type, s, false), weights);
  if (f.pack.needed()) context.workspace = f.pack.bytes();
  return f;
}

struct Channels {
  Call call;
  library::Reorder pack;
  int64_t slices, slice_weights, packed_weights;  // bytes
  int64_t pixels, slice_bytes, element;
  bool bias;

  void operator()(const KernelRun& run) const {
    std::vector<const void*> weights;
    for (int64_t i = 0; i < slices; ++i) {
      weights.push_back(pack.packed(static_cast<const std::byte*>(run.inputs[1]) + i * slice_weights,
                                    run.input_storages ? run.input_storages[1] : nullptr,
                                    static_cast<std::byte*>(run.workspace) + i * packed_weights));
    }
    const library::OneThread one_thread;
    parallel_for(slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        auto* scratch = static_cast<std::byte*>(gemm::thread_scratch(call.scratch() + pixels * slice_bytes));
        auto* slice = scratch + call.scratch();
        const void* b = bias ? static_cast<const std::byte*>(run.inputs[2]) + i * slice_bytes : nullptr;
        call.run(run.inputs[0], weights[static_cast<size_t>(i)], b, slice, scratch);
        auto* to = static_cast<std::byte*>(run.outputs[0]) + i * slice_bytes;
        for (int64_t p = 0; p < pixels; ++p) std::copy_n(slice + p * slice_bytes, slice_bytes, to + p * slices * slice_bytes);
      }
    });
  }
};

KernelFn make_channels(const ConvShape& s, KernelContext& context, DType type, bool bias, bool relu) {
  const int64_t slices = s.out_channels % 16 ? 1 : library::divisor_to(s.out_channels / 16, std::min<int64_t>(8, s.out_channels / 32));
  if (slices < 2) return {};
  ConvShape part = s;
  part.out_channels = s.out_channels / slices;
  const auto make_call = [&] {
    const library::OneThread one_thread;
    return Call(describe(type, part, weights_desc(type, part, true), bias, relu, -1, -1));
  };
  Channels f{.call = make_call(), .pack = {}, .slices = slices, .bias = bias};
  const memory::desc plain = weights_desc(type, part, false);
  f.pack = library::Reorder(plain, f.call.weights);
  f.slice_weights = static_cast<int64_t>(plain.get_size());
  f.packed_weights = gemm::round_up(f.pack.bytes(), 64);
  f.pixels = s.batch * s.out_pixels();
  f.element = size_of(type), f.slice_bytes = part.out_channels * f.element;
  if (f.pack.needed()) context.workspace = slices * f.packed_weights;
  return f;
}

}  // namespace

KernelFn make_forward_split(const ConvShape& s, KernelContext& context, DType type) {
  constexpr int64_t least_products = 1 << 21;
  const int64_t activations = s.batch * (s.in_channels * s.in_pixels() + s.out_channels * s.out_pixels());
  if (s.batch >= 8 || s.batch * s.out_pixels() * s.weights() < least_products) return {};
  const bool relu = context.post_ops.size() == 1 && context.post_ops[0].kind == PostOp::Kind::relu;
  if (!context.post_ops.empty() && !relu) return {};
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  const bool bias = context.inputs.size() == 3;
  if (bias) ask_layout(context.inputs[2], contiguous_strides(context.inputs[2].spec.shape));
  if (s.groups == 1 && s.weights() > activations) {
    if (KernelFn kernel = make_channels(s, context, type, bias, relu)) return kernel;
  }
  return make_rows(s, context, type, bias, relu);
}

}  // namespace deepseek::conv
