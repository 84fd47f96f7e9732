#include "deepseek/ops/creation/sizes.h"

#include <algorithm>

namespace deepseek::creation {

void check_size(const Shape& size, std::string_view op) {
  int64_t elements = 1;
  for (int64_t d : size) ensure(d >= 0, op, ": sizes must not be negative, but size is ", to_string(size));
  if (std::ranges::count(size, 0) > 0) return;
  for (int64_t d : size) {
    ensure(d <= (int64_t{1} << 58) / elements, op, ": a tensor of size ", to_string(size), " has too many elements");
    elements *= d;
  }
}

Tensor scalar_of(double value, DType dtype) { return Tensor(scalar_value(value, dtype)); }
Tensor scalar_of(int64_t value, DType dtype) { return Tensor(scalar_value(value, dtype)); }

Tensor finish(Tensor t, bool requires_grad) {
  if (requires_grad) t.set_requires_grad(true);
  return t;
}

}  // namespace deepseek::creation
