// A plan: the steps that compute a part of the graph, and where every value lies in memory while they do.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/ops/kernel_op.h"
#include "deepseek/tensor/error.h"

namespace deepseek::scheduler {

// Bytes that one or more values occupy, one after the other.
struct PlanBuffer {
  enum class Source : uint8_t { leaf, data, arena, storage };
  Source source = Source::arena;
  int64_t bytes = 0;
  int slot = -1;        // leaf: position among the walk's leaves
  StorageRef data;      // data: bytes that the plan owns
  int64_t offset = 0;   // arena
  int first = 0, last = 0;  // steps that write it first and read it last
  bool escapes = false;     // somebody can ask for it afterwards
  int same_as = -1;         // another buffer whose bytes it takes over
  bool overwritten = false; // leaf: a result takes its bytes over
};

struct Location {
  int buffer = -1;
  int64_t offset = 0;  // in elements
  Strides strides;     // in elements
};

struct PlanStep {
  struct Operand {
    int buffer;
    int64_t offset;  // in bytes
    bool output;
  };
  std::shared_ptr<const fused::Kernel> fused;
  std::unique_ptr<fused::Program> program;  // of `fused`; kept until the memory plan is made
  KernelFn kernel;
  std::vector<Operand> operands;            // kernel: inputs, then outputs
  int kernel_inputs = 0;
  std::vector<std::pair<int, int>> may_alias;  // kernel: (output, input)
  int workspace = -1;                       // a buffer
  int origin = 0;                           // node of the walk that a failure is reported for
  std::string name;
  const std::string* layer = nullptr;       // that recorded it; interned
};

struct Plan {
  std::vector<PlanBuffer> buffers;
  std::vector<PlanStep> steps;
  int64_t arena_bytes = 0;
  std::vector<uint64_t> constants;  // follow the walk's scalars in the table of scalars

  // What the pending nodes of the walk have afterwards.
  struct Result {
    int node, output;
    Location location;
    bool takes = false;  // nothing else refers to the fresh storage that it lies in
  };
  std::vector<Result> results;

  // Follow from the rest: what every run needs.
  std::vector<int> bound;        // buffers that have bytes of their own
  std::vector<int> overwritten;  // slots of leaves whose bytes a result takes
  int64_t bytes = 0;             // of all buffers

  // Bytes that a run allocates: the arena and new results.
  int64_t footprint() const;

  // The buffer whose bytes b occupies.
  int root(int b) const {
    while (buffers[static_cast<size_t>(b)].same_as >= 0) b = buffers[static_cast<size_t>(b)].same_as;
    return b;
  }
};

std::string to_string(const Plan&);  // a line per step, for people

}  // namespace deepseek::scheduler
