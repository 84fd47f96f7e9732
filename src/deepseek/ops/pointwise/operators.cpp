// The C++ operators, and conversion between element types.
#include "deepseek/graph/operators.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"

namespace deepseek {

Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
Tensor operator-(const Tensor& a) { return neg(a); }
Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
Tensor operator&(const Tensor& a, const Tensor& b) { return bitwise_and(a, b); }
Tensor operator|(const Tensor& a, const Tensor& b) { return bitwise_or(a, b); }
Tensor operator~(const Tensor& a) { return bitwise_not(a); }

DEEPSEEK_FUNCTION(Tensor, to, (const Tensor& input, DType dtype),
                  "input with its elements converted to dtype; input itself when it has that type.\n\n"
                  "Floats are cut towards zero on the way to integers; anything but zero is true.") {
  return cast(input, dtype);
}
DEEPSEEK_FACTS(to, .reference = "input.astype(str(dtype).split('.')[1])",
               .good = {"randn(2, 3), float64", "ints(4), float32", "randn(3), int32", "bools(3), int64"});

}  // namespace deepseek
