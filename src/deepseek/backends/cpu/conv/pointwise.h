#pragma once
#include "deepseek/backends/cpu/conv/conv.h"

namespace deepseek::conv {

// A float32 forward convolution of one tap; an empty function where it does not suit.
KernelFn make_pointwise(const ConvShape&, KernelContext&);

}  // namespace deepseek::conv
