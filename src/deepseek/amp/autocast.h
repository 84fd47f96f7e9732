// The scope in which products are computed in a 16-bit type.
//
//   {
//     amp::autocast mixed;                       // bfloat16
//     loss = criterion(model(x), y);
//   }
//   loss.backward();                             // in the types that the forward pass had; gradients are float32
//
// Each op states its class (ops/autocast.h): products and attention take 16-bit operands, softmax, losses, exponentials, powers
// and sums float32; all others keep the type they are given, the widest where several meet. Normalisations keep the input's type
// and compute their statistics in float32.
#pragma once
#include "deepseek/tensor/autocast_mode.h"

namespace deepseek::amp {

// Of this thread, from construction to destruction; scopes may be nested. A parameter is cast once in the outermost scope unless it
// is written meanwhile; without `cache_enabled` each use casts it.
class autocast {
 public:
  explicit autocast(DType dtype = DType::bfloat16, bool enabled = true, bool cache_enabled = true);
  ~autocast();
  autocast(const autocast&) = delete;
  autocast& operator=(const autocast&) = delete;

 private:
  Autocast outer_;
};

// For front ends whose scopes end in their own ways: enter() returns what leave() restores.
Autocast enter_autocast(Autocast inner);
void leave_autocast(const Autocast& outer);
Autocast checked_autocast(DType dtype, bool enabled, bool cache_enabled);

inline bool is_autocast_enabled() { return autocast_mode.on; }
inline DType get_autocast_dtype() { return autocast_mode.dtype; }

// Whether the machine multiplies bfloat16 itself (AVX512-BF16 or AMX). Autocast works without: products then convert blocks of
// their operands to float32, which saves memory but not time.
bool is_bf16_supported();
bool is_fp16_supported();

}  // namespace deepseek::amp
