// What ops do with float32 operands inside amp::autocast; thread-local, as the modes of tensor/scopes.h.
#pragma once
#include <atomic>

#include "deepseek/tensor/dtype.h"

namespace deepseek {

struct Autocast {
  bool on = false;
  bool cache = true;  // keep the casts of leaves
  DType dtype = DType::bfloat16;
};
inline constinit thread_local Autocast autocast_mode;

// Scopes that are open in any thread. Recording asks this first, which costs less than what belongs to a thread.
inline std::atomic<int> open_autocast_scopes = 0;
inline bool autocast_on() { return open_autocast_scopes.load(std::memory_order_relaxed) > 0 && autocast_mode.on; }

}  // namespace deepseek
