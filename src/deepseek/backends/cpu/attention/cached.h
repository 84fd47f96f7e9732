// Attention of a few new rows to kept ones.
#pragma once
#include "deepseek/ops/kernel_op.h"

namespace deepseek::attention {

// query (n, h, t, e), keys (n, h, c, e), values (n, h, c, e), past (a whole number) -> (n, h, t, e): query i sees the rows 0 .. past + i.
KernelFn make_cached(double scale, KernelContext&);

}  // namespace deepseek::attention
