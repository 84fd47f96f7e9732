// Convolutions by oneDNN. The batch (and, for weight gradients of deep layers, the output channels) is cut into parts by size;
// each part is one single-threaded primitive, and partial weight gradients are added in order.
#include "deepseek/backends/cpu/conv/direct_weight.h"
#include "deepseek/backends/cpu/conv/library.h"
#include "deepseek/backends/cpu/conv/pointwise.h"
#include "deepseek/backends/cpu/dnnl/packed_forms.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/tensor/error.h"

namespace deepseek::conv {
namespace {

using dnnl::algorithm;
using dnnl::prop_kind;

// One primitive for one part; memory objects are made per call, which costs less than a lock.
struct Part {
  dnnl::primitive primitive;
  memory::desc first, second, result, scratchpad;

  template <class... Extra>
  void run(int first_arg, const void* a, int second_arg, const void* b, int result_arg, void* c, const Extra&... extra) const {
    const dnnl::engine& e = library::engine();
    std::unordered_map<int, memory> args{{first_arg, {first, e, const_cast<void*>(a)}},
                                         {second_arg, {second, e, const_cast<void*>(b)}},
                                         {result_arg, {result, e, c}}};
    (args.emplace(extra.first, extra.second), ...);
    if (scratchpad.get_size() > 0) args.emplace(DNNL_ARG_SCRATCHPAD, memory(scratchpad, e, gemm::thread_scratch(scratch())));
    primitive.execute(library::stream(), args);
  }
  int64_t scratch() const { return static_cast<int64_t>(scratchpad.get_size()); }
};

int64_t batch_parts(const ConvShape& s) {
  constexpr int64_t products_per_part = 1 << 19;
  const int64_t products = s.batch * s.out_pixels() * (s.in_channels / s.groups) * s.out_channels * s.taps();
  return library::divisor_from(s.batch, std::min({s.batch, parts_wanted, products / products_per_part}));
}

struct Forward {
  ConvShape shape;
  Part part;
  library::Reorder pack;
  int64_t parts;
  Steps steps;
  int64_t in_step, out_step;  // bytes per part

  void operator()(const KernelRun& run) const {
    const void* weights = pack.packed(run.inputs[1], run.input_storages ? run.input_storages[1] : nullptr, run.workspace);
    const library::OneThread one_thread;
    const dnnl::engine& e = library::engine();
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto* from = static_cast<const std::byte*>(run.inputs[0]) + i * in_step;
        auto* to = static_cast<std::byte*>(run.outputs[0]) + i * out_step;
        std::unordered_map<int, memory> args{{DNNL_ARG_SRC, {part.first, e, const_cast<std::byte*>(from)}},
                                             {DNNL_ARG_WEIGHTS, {part.second, e, const_cast<void*>(weights)}},
                                             {DNNL_ARG_DST, {part.result, e, to}}};
        steps.bind(args, run, 0, i * out_step);
        args.emplace(DNNL_ARG_SCRATCHPAD, memory(part.scratchpad, e, gemm::thread_scratch(part.scratch())));
        part.primitive.execute(library::stream(), args);
        steps.clamp(to);
      }
    });
  }
};

struct BackwardInput {
  Part part;
  library::Reorder pack;
  int64_t parts;
  int64_t in_step, out_step;

  void operator()(const KernelRun& run) const {
    const void* weights = pack.packed(run.inputs[1], run.input_storages ? run.input_storages[1] : nullptr, run.workspace);
    const library::OneThread one_thread;
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        part.run(DNNL_ARG_DIFF_DST, static_cast<const std::byte*>(run.inputs[0]) + i * out_step, DNNL_ARG_WEIGHTS, weights,
                 DNNL_ARG_DIFF_SRC, static_cast<std::byte*>(run.outputs[0]) + i * in_step);
      }
    });
  }
};

struct BackwardWeight {
  ConvShape shape;
  Part part;
  library::Reorder unpack;  // of one slice of output channels
  int64_t parts, slices;
  int64_t element;
  int64_t slice_bytes;      // one partial gradient of one slice
  int64_t plain_bytes;      // the same, row-major
  int64_t sums;             // floats in it

  void operator()(const KernelRun& run) const {
    compute_parts(run);
    if (!direct()) add_parts(run);
  }

  void compute_parts(const KernelRun& run) const {
    const library::OneThread one_thread;
    const int64_t channels = shape.out_channels / slices, pixels = shape.batch / parts * shape.out_pixels();
    auto* partial = static_cast<std::byte*>(run.workspace);
    parallel_for(parts * slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t slice = task / parts, i = task % parts;
        const auto* x = static_cast<const std::byte*>(run.inputs[0]) +
                        i * element * (shape.batch / parts) * shape.in_channels * shape.in_pixels();
        const auto* y = static_cast<const std::byte*>(run.inputs[1]) + element * (i * pixels * shape.out_channels + slice * channels);
        auto* scratch = static_cast<std::byte*>(gemm::thread_scratch(part.scratch() + 64 + element * channels * pixels));
        if (slices > 1) {
          auto* copy = scratch + gemm::round_up(part.scratch(), 64);
          for (int64_t p = 0; p < pixels; ++p) {
            std::copy_n(y + p * element * shape.out_channels, element * channels, copy + p * element * channels);
          }
          y = copy;
        }
        part.run(DNNL_ARG_SRC, x, DNNL_ARG_DIFF_DST, y, DNNL_ARG_DIFF_WEIGHTS,
                 direct() ? static_cast<std::byte*>(run.outputs[0]) + slice * plain_bytes : partial + task * slice_bytes);
      }
    });
  }

  void add_parts(const KernelRun& run) const {
    auto* partial = static_cast<std::byte*>(run.workspace);
    constexpr int64_t grain = 1 << 14;
    const int64_t runs = (sums + grain - 1) / grain;
    if (parts > 1) {
      parallel_for(slices * runs, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
          const int64_t first = task % runs * grain, last = std::min(first + grain, sums);
          auto* base = partial + task / runs * parts * slice_bytes;
          float* to = reinterpret_cast<float*>(base);
          for (int64_t i = 1; i < parts; ++i) {
            const float* from = reinterpret_cast<const float*>(base + i * slice_bytes);
            for (int64_t j = first; j < last; ++j) to[j] += from[j];
          }
        }
      });
    }
    for (int64_t slice = 0; slice < slices; ++slice) {
      const auto* from = partial + slice * parts * slice_bytes;
      auto* to = static_cast<std::byte*>(run.outputs[0]) + slice * plain_bytes;
      if (unpack.needed()) unpack.run(from, to);
      else std::copy_n(from, plain_bytes, to);
    }
  }
  bool direct() const { return parts == 1 && !unpack.needed(); }
};

template <class Primitive, class Desc>
Part make_part(const Desc& d, memory::desc first, memory::desc second, memory::desc result) {
  return {Primitive(d), std::move(first), std::move(second), std::move(result), d.scratchpad_desc()};
}

KernelFn make_forward(const ConvShape& s, KernelContext& context, DType type) {
  if (type == DType::float32) {
    if (KernelFn pointwise = make_pointwise(s, context)) return pointwise;
  }
  if (KernelFn split = make_forward_split(s, context, type)) return split;
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  Forward f{.shape = s, .parts = batch_parts(s)};
  const int64_t images = s.batch / f.parts;
  const memory::desc x = channels_last(type, images, s.in_channels, s.in, s.spatial);
  const memory::desc y = channels_last(type, images, s.out_channels, s.out, s.spatial);
  dnnl::primitive_attr attr = attributes();
  f.steps = Steps(s.ending, context.post_ops, s.out_channels, s.spatial, y, type);
  attr.set_post_ops(f.steps.posts());
  ask_ending(context, s.ending);
  for (const PostOp& p : context.post_ops) {
    if (p.kind == PostOp::Kind::add_operand) ask_layout(context.inputs[static_cast<size_t>(p.input)], context.outputs[0].strides);
  }
  const Geometry g(s);
  {
    const library::OneThread one_thread;
    const dnnl::convolution_forward::primitive_desc d(library::engine(), prop_kind::forward_training, algorithm::convolution_direct,
                                                      x, weights_desc(type, s, true), f.steps.bias(), y, g.stride, g.dilation, g.front,
                                                      g.back, attr);
    f.part = make_part<dnnl::convolution_forward>(d, x, d.weights_desc(), y);
  }
  f.pack = library::Reorder(weights_desc(type, s, false), f.part.second);
  f.in_step = static_cast<int64_t>(x.get_size()), f.out_step = static_cast<int64_t>(y.get_size());
  if (f.pack.needed()) context.workspace = f.pack.bytes();
  return f;
}

KernelFn make_backward_input(const ConvShape& s, KernelContext& context, DType type) {
  if (KernelFn split = make_backward_input_split(s, context, type)) return split;
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  BackwardInput f{.parts = batch_parts(s)};
  const int64_t images = s.batch / f.parts;
  const memory::desc x = channels_last(type, images, s.in_channels, s.in, s.spatial);
  const memory::desc y = channels_last(type, images, s.out_channels, s.out, s.spatial);
  const Geometry g(s);
  {
    const library::OneThread one_thread;
    const dnnl::convolution_backward_data::primitive_desc d(library::engine(), algorithm::convolution_direct, x,
                                                            weights_desc(type, s, true), y, g.stride, g.dilation, g.front, g.back,
                                                            forward_hint(type, s, x, y), attributes());
    f.part = make_part<dnnl::convolution_backward_data>(d, y, d.weights_desc(), x);
  }
  f.pack = library::Reorder(weights_desc(type, s, false), f.part.second);
  f.in_step = static_cast<int64_t>(x.get_size()), f.out_step = static_cast<int64_t>(y.get_size());
  if (f.pack.needed()) context.workspace = f.pack.bytes();
  return f;
}

KernelFn make_backward_weight(const ConvShape& s, KernelContext& context, DType type) {
  if (type == DType::float32) {
    if (KernelFn direct = make_direct_weight(s, context)) return direct;
  }
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], channels_last_strides(context.inputs[1].spec.shape));
  BackwardWeight f{.shape = s, .parts = library::divisor_to(s.batch, most_weight_parts(s)), .slices = 1};
  if (s.groups == 1) f.slices = library::divisor_to(std::max<int64_t>(s.out_channels / 64, 1), std::max<int64_t>(weight_tasks(s) / f.parts, 1));
  if (s.out_channels % f.slices != 0 || s.out_channels / f.slices % 16 != 0) f.slices = 1;
  ConvShape part = s;
  part.batch = s.batch / f.parts;
  part.out_channels = s.out_channels / f.slices;
  const memory::desc x = channels_last(type, part.batch, part.in_channels, s.in, s.spatial);
  const memory::desc y = channels_last(type, part.batch, part.out_channels, s.out, s.spatial);
  const Geometry g(s);
  {
    const library::OneThread one_thread;
    const dnnl::convolution_backward_weights::primitive_desc d(
        library::engine(), algorithm::convolution_direct, x, weights_desc(DType::float32, part, true), y, g.stride, g.dilation,
        g.front, g.back, forward_hint(type, part, x, y), attributes());
    f.part = make_part<dnnl::convolution_backward_weights>(d, x, y, d.diff_weights_desc());
  }
  const memory::desc packed = f.part.result, plain = weights_desc(type, part, false);
  f.unpack = library::Reorder(packed, plain);
  f.element = size_of(type);
  f.slice_bytes = gemm::round_up(static_cast<int64_t>(packed.get_size()), 64);
  f.plain_bytes = static_cast<int64_t>(plain.get_size());
  f.sums = static_cast<int64_t>(packed.get_size()) / 4;
  if (!f.direct()) context.workspace = f.parts * f.slices * f.slice_bytes;
  return f;
}

}  // namespace

KernelFn make_library(const ConvShape& s, KernelContext& context) {
  const DType type = context.outputs[0].spec.dtype;
  if ((type != DType::float32 && type != DType::bfloat16) || context.outputs[0].spec.numel() == 0 || context.inputs[0].spec.numel() == 0) return {};
  const KernelContext before = context;
  try {
    switch (s.kind) {
      case Kind::forward: return make_forward(s, context, type);
      case Kind::backward_input: return make_backward_input(s, context, type);
      default: return make_backward_weight(s, context, type);
    }
  } catch (const dnnl::error& e) {
    if (e.status != dnnl_unimplemented && e.status != dnnl_invalid_arguments) throw;
    context = before;
    return {};
  }
}

}  // namespace deepseek::conv
