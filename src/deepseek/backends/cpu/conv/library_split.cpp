// Forward convolution of few images: parts are rows of the output where activations are the larger operand, and output
// channels where weights are, so that a part reads little of the larger one.
#include "deepseek/backends/cpu/conv/row_parts.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::conv {
namespace {

using dnnl::convolution_forward;

convolution_forward::primitive_desc describe(DType type, const ConvShape& s, const memory::desc& weights, const Steps& steps,
                                             int64_t front, int64_t back) {
  Geometry g(s);
  if (front >= 0) g.front[0] = front, g.back[0] = back;
  dnnl::primitive_attr attr = attributes();
  attr.set_post_ops(steps.posts());
  return {library::engine(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
          channels_last(type, s.batch, s.in_channels, s.in, s.spatial), weights, steps.bias(),
          channels_last(type, s.batch, s.out_channels, s.out, s.spatial), g.stride, g.dilation, g.front, g.back, attr};
}

// A primitive and what it is called with.
struct Call {
  convolution_forward primitive;
  memory::desc x, weights, y, scratchpad;

  explicit Call(const convolution_forward::primitive_desc& d)
      : primitive(d), x(d.src_desc()), weights(d.weights_desc()), y(d.dst_desc()), scratchpad(d.scratchpad_desc()) {}

  int64_t scratch() const { return gemm::round_up(static_cast<int64_t>(scratchpad.get_size()), 64); }
  template <class Bind>
  void run(const void* from, const void* w, void* to, void* scratch, const Bind& bind) const {
    const dnnl::engine& e = library::engine();
    std::unordered_map<int, memory> args{{DNNL_ARG_SRC, {x, e, const_cast<void*>(from)}},
                                         {DNNL_ARG_WEIGHTS, {weights, e, const_cast<void*>(w)}},
                                         {DNNL_ARG_DST, {y, e, to}},
                                         {DNNL_ARG_SCRATCHPAD, {scratchpad, e, scratch}}};
    bind(args);
    primitive.execute(library::stream(), args);
  }
};

struct Rows {
  RowParts<Call> rows;
  Steps steps;

  void operator()(const KernelRun& run) const {
    rows.run(run, [&](const Call& call, const void* from, const void* weights, std::byte* to, int64_t offset) {
      call.run(from, weights, to, gemm::thread_scratch(call.scratch()), [&](Steps::Args& args) { steps.bind(args, run, 0, offset); });
      steps.clamp(to);
    });
  }
};

// One call per part of the rows of each image.
KernelFn make_rows(const ConvShape& s, KernelContext& context, DType type) {
  const size_t dim = row_dim(s);
  const int64_t count = library::divisor_to(s.out[dim], parts_wanted / s.batch), rows = s.out[dim] / count;
  if (count < 2) return {};
  const int64_t in_row = in_row_bytes(s, type), out_row = out_row_bytes(s, type);
  ConvShape part = s;
  part.batch = 1, part.out[dim] = rows;
  Rows f{.rows = {}, .steps = Steps(s.ending, context.post_ops, s.out_channels, s.spatial, channels_last(type, 1, s.out_channels, part.out, s.spatial), type)};
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = i * rows * s.stride[dim] - s.pad[dim];
      const int64_t last = first + (rows - 1) * s.stride[dim] + (s.kernel[dim] - 1) * s.dilation[dim] + 1;
      const int64_t begin = std::clamp<int64_t>(first, 0, s.in[dim]), end = std::clamp<int64_t>(last, begin, s.in[dim]);
      if (begin == end) return {};
      part.in[dim] = end - begin;
      const int64_t front = begin - first, back = last - end;
      f.rows.add({part.in[dim], front, back}, (n * s.in[dim] + begin) * in_row, (n * s.out[dim] + i * rows) * out_row,
                 [&](const memory::desc* weights) {
                   const library::OneThread one_thread;
                   return Call(describe(type, part, weights ? *weights : weights_desc(type, s, true), f.steps, front, back));
                 });
    }
  }
  f.rows.pack_weights(s, context, type);
  return f;
}

struct Channels {
  Call call;
  library::Reorder pack;
  int64_t slices, slice_weights, packed_weights;  // bytes
  int64_t pixels, slice_bytes, channels;  // channels of a slice
  Steps steps;
  int added = -1;     // an input that is added when a slice is put in its place
  bool relu = false;  // after that

  void finish(const std::byte* slice, const std::byte* other, std::byte* to) const {
    const auto *a = reinterpret_cast<const float*>(slice), *b = reinterpret_cast<const float*>(other);
    auto* y = reinterpret_cast<float*>(to);
    for (int64_t c = 0; c < channels; ++c) {
      const float v = a[c] + b[c];
      y[c] = relu && v < 0 ? 0 : v;
    }
  }

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
        call.run(run.inputs[0], weights[static_cast<size_t>(i)], slice, scratch,
                 [&](Steps::Args& args) { steps.bind(args, run, i * channels, 0); });
        steps.clamp(slice);
        const int64_t first = i * slice_bytes, step = slices * slice_bytes;
        auto* to = static_cast<std::byte*>(run.outputs[0]) + first;
        const auto* other = added < 0 ? nullptr : static_cast<const std::byte*>(run.inputs[added]) + first;
        for (int64_t p = 0; p < pixels; ++p) {
          if (other) finish(slice + p * slice_bytes, other + p * step, to + p * step);
          else std::copy_n(slice + p * slice_bytes, slice_bytes, to + p * step);
        }
      }
    });
  }
};

KernelFn make_channels(const ConvShape& s, KernelContext& context, DType type) {
  const int64_t slices = s.out_channels % 16 ? 1 : library::divisor_to(s.out_channels / 16, std::min<int64_t>(8, s.out_channels / 32));
  if (slices < 2) return {};
  ConvShape part = s;
  part.out_channels = s.out_channels / slices;
  std::vector<PostOp> inside = context.post_ops;
  int added = -1;
  if (!inside.empty() && inside[0].kind == PostOp::Kind::add_operand) {
    if (type != DType::float32) return {};
    added = inside[0].input;
    inside.clear();
  }
  const Steps steps(s.ending, inside, part.out_channels, s.spatial, channels_last(type, s.batch, part.out_channels, s.out, s.spatial), type);
  const auto make_call = [&] {
    const library::OneThread one_thread;
    return Call(describe(type, part, weights_desc(type, part, true), steps, -1, -1));
  };
  Channels f{.call = make_call(), .pack = {}, .slices = slices, .steps = steps, .added = added, .relu = context.post_ops.size() == 2};
  const memory::desc plain = weights_desc(type, part, false);
  f.pack = library::Reorder(plain, f.call.weights);
  f.slice_weights = static_cast<int64_t>(plain.get_size());
  f.packed_weights = gemm::round_up(f.pack.bytes(), 64);
  f.pixels = s.batch * s.out_pixels();
  f.channels = part.out_channels, f.slice_bytes = part.out_channels * size_of(type);
  if (f.pack.needed()) context.workspace = slices * f.packed_weights;
  return f;
}

}  // namespace

KernelFn make_forward_split(const ConvShape& s, KernelContext& context, DType type) {
  constexpr int64_t least_products = 1 << 21;
  const int64_t activations = s.batch * (s.in_channels * s.in_pixels() + s.out_channels * s.out_pixels());
  if (s.batch >= 8 || s.products() < least_products) return {};
  // Relu, an addition, or an addition and then relu.
  const size_t adds = !context.post_ops.empty() && context.post_ops[0].kind == PostOp::Kind::add_operand ? 1 : 0;
  if (context.post_ops.size() > adds + 1) return {};
  if (context.post_ops.size() == adds + 1 && context.post_ops[adds].kind != PostOp::Kind::relu) return {};
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  if (adds) ask_layout(context.inputs[static_cast<size_t>(context.post_ops[0].input)], context.outputs[0].strides);
  ask_ending(context, s.ending);
  if (s.groups == 1 && s.weights() > activations) {
    if (KernelFn kernel = make_channels(s, context, type)) return kernel;
  }
  return make_rows(s, context, type);
}

}  // namespace deepseek::conv
