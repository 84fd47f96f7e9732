// Convolution kernels: the shape they share, and the two ways of computing them.
#pragma once
#include <algorithm>
#include <array>

#include "deepseek/ops/kernel_op.h"

namespace deepseek::conv {

// Inputs and output of each kind; x (n, c, ...), w (o, c / groups, ...), y (n, o, ...).
enum class Kind : uint8_t {
  forward,         // x, w [, bias] -> y
  backward_input,  // y, w -> x
  backward_weight  // x, y -> w
};

using Triple = std::array<int64_t, 3>;

// What happens to each element of a forward result before the post-ops; operands by their places among the inputs, one number
// for each channel.
struct Ending {
  int bias = -1;       // is added
  int slope = -1;      // then multiplies, and the input behind it is added
  bool relu6 = false;  // then [0, 6] limits
};

// Spatial dims are padded in front to three; an absent dim has size, kernel, stride and dilation 1.
struct ConvShape {
  Kind kind = Kind::forward;
  int spatial = 2;
  int64_t batch = 1, groups = 1, in_channels = 1, out_channels = 1;
  Triple in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, pad{0, 0, 0};  // pad: in front
  Ending ending;

  int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
  int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t weights() const { return out_channels * (in_channels / groups) * taps(); }
  int64_t products() const { return batch * out_pixels() * weights(); }
};

// Work is cut by its size: into so many tasks where there is enough of it.
inline constexpr int64_t parts_wanted = 16;
// Tasks for the gradient of a weight, and the most parts that the pixels may be cut into for them: adding a part costs as much as some
// 60 pixels of products, which from 600 pixels per part on does not show.
inline int64_t weight_tasks(const ConvShape& s) { return std::clamp<int64_t>(s.products() >> 20, 1, parts_wanted); }
inline int64_t most_weight_parts(const ConvShape& s) { return std::min(weight_tasks(s), s.batch * s.out_pixels() / 600); }

// Strides of a (n, c, ...) tensor whose channels are innermost in memory.
Strides channels_last_strides(const Shape&);

// Sets the strides unless they already mean the same memory (dims of size 1 do not matter).
void ask_layout(Operand&, const Strides&);

// The fastest kernel for the operands' type on this machine.
KernelFn make_kernel(const ConvShape&, KernelContext&);

// Numbers of channels one after another.
void ask_ending(KernelContext&, const Ending&);

// Patches gathered into packed panels; any dtype, any layout.
KernelFn make_packed(const ConvShape&, KernelContext&);

// oneDNN on channels-last activations; an empty function where it has no primitive (float64, integers).
KernelFn make_library(const ConvShape&, KernelContext&);

}  // namespace deepseek::conv
