// Memory of small tensors.
#pragma once
#include <cstdint>

namespace deepseek {

// Blocks are kept per thread and size, without a lock. A thread keeps no more than it has taken, so that one which only frees
// does not hoard them.
class SmallBlocks {
 public:
  static constexpr int64_t largest = 16 << 10;  // bytes
  static void* take(int64_t bytes);             // 64-byte aligned
  static void give(void* p, int64_t bytes);
  static int64_t in_use();  // bytes, of all threads
};

}  // namespace deepseek
