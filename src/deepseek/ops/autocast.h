// The casts that amp::autocast adds to what is recorded. An op states its class, OpInfo::amp:
//   lower    operands become the scope's 16-bit type: products
//   full     operands become float32: large ranges, and errors that add up
//   neutral  operands stay as they are; where they are of several types, pointwise ops and kernels, which need one, get the widest
// Functions that are made of several ops and are one op to autocast convert their operands themselves.
#pragma once
#include "deepseek/graph/tensor.h"
#include "deepseek/tensor/autocast_mode.h"

namespace deepseek {

// float32, bfloat16 and float16 take part; float64 is a user's choice that autocast leaves alone.
constexpr bool autocast_takes(DType t) { return is_floating_point(t) && t != DType::float64; }

// Puts casts in front of the operands of an op that is about to be recorded. `values` are those of `inputs`.
void autocast_operands(const Op& op, const void* attrs, std::span<const Tensor* const> inputs, std::span<Value> values);

// The operand in the scope's type, or in float32; the operand itself outside autocast.
Tensor autocast_lower(const Tensor& operand);
Tensor autocast_full(const Tensor& operand);

// Nobody will ask for the casts of leaves again: the outermost scope of this thread has ended.
void forget_autocast_casts();

}  // namespace deepseek
