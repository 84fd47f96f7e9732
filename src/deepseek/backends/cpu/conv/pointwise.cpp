// Convolutions of one tap are products of pixels with weights, which are kept packed.
#include "deepseek/backends/cpu/conv/pointwise.h"

#include "deepseek/backends/cpu/gemm/panels.h"

namespace deepseek::conv {
namespace {

struct Pointwise {
  gemm::PanelProduct product;
  Ending ending;
  int other = -1;
  bool relu = false;

  void operator()(const KernelRun& run) const {
    const auto input = [&](int i) { return i < 0 ? nullptr : static_cast<const float*>(run.inputs[i]); };
    product.run(input(0), input(1), run.input_storages ? run.input_storages[1] : nullptr, run.workspace, static_cast<float*>(run.outputs[0]),
                {.bias = input(ending.bias), .slope = input(ending.slope), .shift = input(ending.slope < 0 ? -1 : ending.slope + 1),
                 .other = input(other), .relu = relu, .relu6 = ending.relu6});
  }
};

}  // namespace

KernelFn make_pointwise(const ConvShape& s, KernelContext& context) {
  const Triple none{0, 0, 0}, ones{1, 1, 1};
  if (s.kernel != ones || s.pad != none || s.groups != 1 || !gemm::PanelProduct::suits(s.out_channels)) return {};
  // Many images without an ending are a training step, for which weights are packed anew.
  if (s.batch >= 8 && s.ending.slope < 0) return {};
  const std::vector<PostOp>& posts = context.post_ops;
  const size_t adds = !posts.empty() && posts[0].kind == PostOp::Kind::add_operand ? 1 : 0;
  if (posts.size() > adds + 1 || (posts.size() == adds + 1 && posts[adds].kind != PostOp::Kind::relu)) return {};
  gemm::PanelShape p{.m = s.batch * s.out_pixels(), .n = s.out_channels, .k = s.in_channels, .a_row = s.in_channels, .b_row = 1,
                     .b_col = s.in_channels, .c_row = s.out_channels};
  if (s.in != s.out || s.stride != ones) {
    p.a_at = [s](int64_t i) {
      const int64_t x = i % s.out[2] * s.stride[2], y = i / s.out[2] % s.out[1] * s.stride[1], rest = i / (s.out[2] * s.out[1]);
      const int64_t z = rest % s.out[0] * s.stride[0], n = rest / s.out[0];
      return (((n * s.in[0] + z) * s.in[1] + y) * s.in[2] + x) * s.in_channels;
    };
  }
  Pointwise f{.product = gemm::PanelProduct(p), .ending = s.ending, .other = adds ? posts[0].input : -1, .relu = posts.size() == adds + 1};
  ask_layout(context.inputs[0], channels_last_strides(context.inputs[0].spec.shape));
  ask_layout(context.inputs[1], contiguous_strides(context.inputs[1].spec.shape));
  context.outputs[0].strides = channels_last_strides(context.outputs[0].spec.shape);
  if (adds) ask_layout(context.inputs[static_cast<size_t>(f.other)], context.outputs[0].strides);
  ask_ending(context, s.ending);
  context.workspace = f.product.workspace();
  return f;
}

}  // namespace deepseek::conv
