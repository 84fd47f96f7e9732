#pragma once
#include "deepseek/backends/cpu/conv/conv.h"

namespace deepseek::conv {

// The float32 gradient of a weight by products over channels-last operands; an empty function for shapes that it does not suit:
// groups, very few input channels, output channels that do not fill vectors.
KernelFn make_direct_weight(const ConvShape&, KernelContext&);

}  // namespace deepseek::conv
