// Moves elements between two strided regions of equal shape, whatever their type: whole runs by memcpy where both are
// dense, in tiles where one is the transpose of the other.
#pragma once
#include "deepseek/tensor/shape.h"

namespace deepseek::cpu {

// The regions must not overlap. `size` is the element size in bytes: 1, 2, 4 or 8. Parallel when large.
void strided_copy(void* to, const Strides& to_strides, const void* from, const Strides& from_strides,
                  const Shape& shape, int64_t size);

// Every element of a dense range becomes the bytes at `element`.
void fill_elements(void* to, const void* element, int64_t count, int64_t size);

}  // namespace deepseek::cpu
