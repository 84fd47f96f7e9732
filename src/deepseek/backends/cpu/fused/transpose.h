// Small transposes: a block is filled from memory that is contiguous down its columns.
#pragma once
#include <cstdint>

namespace deepseek::fused {

// out[i * length + j] = in[i + j * stride] for i < rows, j < length.
void gather_transposed(uint8_t* out, const uint8_t* in, int64_t rows, int64_t length, int64_t stride);
void gather_transposed(uint16_t* out, const uint16_t* in, int64_t rows, int64_t length, int64_t stride);
void gather_transposed(uint32_t* out, const uint32_t* in, int64_t rows, int64_t length, int64_t stride);
void gather_transposed(uint64_t* out, const uint64_t* in, int64_t rows, int64_t length, int64_t stride);

}  // namespace deepseek::fused
