// Running results along one dim, in either direction; the parts that gradients of products and scans are made of.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek {

Tensor running_sum(const Tensor& input, int dim, bool reverse);
Tensor running_product(const Tensor& input, int dim, bool reverse);

// s[i] = b[i] + a[i] * s[i - 1] along dim, from s[-1] = 0; with `reverse`, s[i + 1] in place of s[i - 1].
Tensor running_linear(const Tensor& a, const Tensor& b, int dim, bool reverse);

// Moves every element one place along dim (towards the start with `back`); `fill` enters at the free end.
Tensor shifted(const Tensor& input, int dim, bool back, double fill);

}  // namespace deepseek
