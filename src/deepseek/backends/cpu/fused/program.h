// What the scheduler hands to the CPU backend for a group of fused pointwise ops and reductions.
//
// A program runs over an iteration domain. Steps are in SSA form: step k defines value k. A value is *full* (one per point of
// the domain) or *row-level* (one per point of the kept dims: the result of a reduce step, a load that has stride 0 in every
// reduced dim, or a computation on row-level values only). Full steps may read row-level values, which broadcast along the
// reduced dims. So softmax is: load, reduce max, sub, exp, reduce sum, div, store.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/tensor/dtype.h"
#include "deepseek/tensor/shape.h"

namespace deepseek::fused {

struct Access {
  enum class Kind : uint8_t {
    memory,  // element at buffer[offset + sum(i_d * strides_d)]
    index,   // the int64 number offset + sum(i_d * strides_d) itself
    scalar,  // entry `buffer` of the run's scalar table; the table holds a value of type `dtype` in 8 bytes
  };
  Kind kind = Kind::memory;
  DType dtype = DType::float32;  // element type in memory, converted to the step's register type on load and store
  int buffer = 0;                // position in the run's pointer table (memory) or scalar table (scalar)
  int64_t offset = 0;            // in elements
  Strides strides;               // per domain dim, in elements; 0 broadcasts; may be negative
};

enum class ReduceKind : uint8_t { sum, prod, max, min };  // max and min propagate NaN; on bool they are any and all

struct Step {
  enum class Kind : uint8_t { load, compute, cast, reduce, store };
  Kind kind = Kind::load;
  DType type = DType::float32;          // register type of the result: bool_, int32, int64, float32 or float64
  int access = -1;                      // load, store
  const LaneOp* op = nullptr;           // compute
  ReduceKind reduce = ReduceKind::sum;  // reduce
  std::array<int, 4> args = {-1, -1, -1, -1};
};

struct Program {
  Dims domain;           // sizes, outermost (largest stride of the main operand) first
  uint32_t reduced = 0;  // bit d: domain dim d is reduced by every reduce step
  std::vector<Access> accesses;
  std::vector<Step> steps;
};

// A compiled program. Thread-safe: run() keeps no state in the object.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Memory operands of a run: pointers[access.buffer], scalars[access.buffer]. An output may be the same memory as an input
  // only when both have equal strides and element size (the planner guarantees it).
  virtual void run(void* const* pointers, const uint64_t* scalars) const = 0;
};

// Raises InternalError on an ill-formed program. Domains of size zero are legal (reductions yield their identity).
std::unique_ptr<Kernel> compile(const Program&);

// Several reduce stages that depend on each other, or full values after a reduce, are supported only in this form.
// (Reduced dims must be the innermost ones of the domain.)
bool reduced_dims_are_innermost(const Program&);

}  // namespace deepseek::fused
