// What factories share.
#pragma once
#include <string_view>

#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek::creation {

// Raises unless every size is at least 0 and the bytes can be counted.
void check_size(const Shape& size, std::string_view op);

inline DType or_default(std::optional<DType> dtype) { return dtype.value_or(modes.default_dtype); }

// A 0-d operand of the given type.
Tensor scalar_of(double value, DType dtype);
Tensor scalar_of(int64_t value, DType dtype);

// The end of every factory.
Tensor finish(Tensor t, bool requires_grad);

}  // namespace deepseek::creation
