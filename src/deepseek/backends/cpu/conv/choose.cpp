#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/backends/cpu/half/widened.h"

namespace deepseek::conv {

KernelFn make_kernel(const ConvShape& shape, KernelContext& context) {
  const DType type = context.outputs[0].spec.dtype;
  if (half::is_half(type) && context.outputs[0].spec.numel() > 0 && !(type == DType::bfloat16 && library::native_bfloat16())) {
    return half::make_widened(context, [&](KernelContext& wide) { return make_kernel(shape, wide); });
  }
  if (KernelFn kernel = make_library(shape, context)) return kernel;
  return make_packed(shape, context);
}

}  // namespace deepseek::conv
