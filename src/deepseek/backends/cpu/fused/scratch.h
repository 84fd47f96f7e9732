// Memory of a running program: kept by each thread from run to run, so that small programs allocate nothing.
#pragma once
#include <cstddef>

namespace deepseek::fused {

// Taken and given back in the order of a stack: a thread that waits in a parallel region may help with a part of it.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::byte* data() const { return data_; }  // 64-byte aligned

 private:
  std::byte* data_;
};

}  // namespace deepseek::fused
