// How oneDNN is told about a convolution.
#pragma once
#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/dnnl/engine.h"

namespace deepseek::conv {

using dnnl::memory;

inline memory::dims tail(const Triple& t, int spatial) { return {t.end() - spatial, t.end()}; }

inline memory::desc channels_last(DType type, int64_t n, int64_t c, const Triple& space, int spatial) {
  using Tag = memory::format_tag;
  memory::dims d{n, c};
  for (int64_t s : tail(space, spatial)) d.push_back(s);
  return {d, library::data_type(type), spatial == 1 ? Tag::nwc : spatial == 2 ? Tag::nhwc : Tag::ndhwc};
}

inline memory::desc weights_desc(DType type, const ConvShape& s, bool any) {
  using Tag = memory::format_tag;
  memory::dims d{s.out_channels / s.groups, s.in_channels / s.groups};
  if (s.groups > 1) d.insert(d.begin(), s.groups);
  for (int64_t k : tail(s.kernel, s.spatial)) d.push_back(k);
  constexpr Tag plain[] = {Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
  return {d, library::data_type(type), any ? Tag::any : plain[d.size() - 3]};
}

// What oneDNN calls a convolution's geometry.
struct Geometry {
  memory::dims stride, dilation, front, back;
  explicit Geometry(const ConvShape& s) : stride(tail(s.stride, s.spatial)) {
    for (size_t i = static_cast<size_t>(3 - s.spatial); i < 3; ++i) {
      dilation.push_back(s.dilation[i] - 1);
      front.push_back(s.pad[i]);
      const int64_t window = (s.kernel[i] - 1) * s.dilation[i] + 1;
      const int64_t reach = (s.out[i] - 1) * s.stride[i] + window;
      // Pixels behind the last window need no mention as long as the library's formula gives the same size.
      const bool agrees = (s.in[i] + s.pad[i] - window) / s.stride[i] + 1 == s.out[i];
      back.push_back(agrees ? 0 : reach - s.in[i] - s.pad[i]);
    }
  }
};

// The steps of an ending and of post-ops as the library knows them, and the memory that they read.
class Steps {
 public:
  using Args = std::unordered_map<int, memory>;
  Steps() = default;
  // `y`: what a call computes, of which each added operand has the layout.
  Steps(const Ending& ending, const std::vector<PostOp>& post_ops, int64_t channels, int spatial, const memory::desc& y, DType type);

  const dnnl::post_ops& posts() const { return posts_; }
  memory::desc bias() const { return ending_.bias < 0 ? memory::desc() : bias_; }
  // Relu and relu6 at the end, on what a call has just written: the library's own make zero of NaN.
  void clamp(std::byte* y) const;
  // For a call that computes the channels from `channel` on, `offset` bytes into the output.
  void bind(Args& args, const KernelRun& run, int64_t channel, int64_t offset) const;

 private:
  Ending ending_;
  std::vector<std::pair<int, int>> added_;  // (step, input)
  dnnl::post_ops posts_;
  memory::desc bias_, map_, y_;
  DType type_ = DType::float32;
  int64_t element_ = 4;
  bool clamps_ = false;
};

inline dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// The forward convolution that primitives of its gradients are described by.
inline dnnl::convolution_forward::primitive_desc forward_hint(DType type, const ConvShape& s, const memory::desc& x, const memory::desc& y) {
  const Geometry g(s);
  return {library::engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x, weights_desc(type, s, true), y,
          g.stride, g.dilation, g.front, g.back};
}

// A batch of one image (or few) cut inside the image; an empty function where that does not pay.
KernelFn make_forward_split(const ConvShape&, KernelContext&, DType);
KernelFn make_backward_input_split(const ConvShape&, KernelContext&, DType);

}  // namespace deepseek::conv
