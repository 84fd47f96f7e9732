// Kernels of 16-bit floats where the machine has no fast products of them: the float32 kernel on float32 copies, which live in
// the kernel's workspace only while it runs.
#pragma once
#include <functional>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/ops/kernel_op.h"

namespace deepseek::half {

constexpr bool is_half(DType t) { return t == DType::bfloat16 || t == DType::float16; }

// to[i] = from[i] in the other type; one of the two is float32, the other a 16-bit float.
fused::BlockFn conversion(DType from, DType to);

// The kernel that `make` gives for the same operands in float32. Layouts that it asks for are asked for in 16 bits.
KernelFn make_widened(KernelContext& context, const std::function<KernelFn(KernelContext&)>& make);

}  // namespace deepseek::half
