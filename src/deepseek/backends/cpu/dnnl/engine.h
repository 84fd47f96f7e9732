// oneDNN, used one thread at a time. The library chooses its blocking, and splits sums, by the number of threads; here every
// primitive is made and run for one thread and the work is cut by size, so results do not depend on the number of threads.
#pragma once
#include <dnnl.hpp>

#include "deepseek/tensor/dtype.h"
#include "deepseek/tensor/shape.h"

namespace deepseek::library {

const dnnl::engine& engine();
dnnl::stream& stream();  // of this thread

// While it lives, oneDNN sees one thread on this one. Worker threads of parallel_for see one anyway.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

dnnl::memory::data_type data_type(DType);
dnnl::memory::dims dims(const Dims&);

// Whether the machine multiplies them itself, as far as the library may use it.
bool native_bfloat16();
bool native_float16();

// Smallest divisor of n that is at least `wanted`, and largest that is at most `wanted`.
int64_t divisor_from(int64_t n, int64_t wanted);
int64_t divisor_to(int64_t n, int64_t wanted);

}  // namespace deepseek::library
