// Writes the steps of a plan: where each value lies, and the program of each group.
#pragma once
#include <algorithm>

#include "deepseek/scheduler/emit.h"

namespace deepseek::scheduler {

class Emitter {
 public:
  Emitter(const Ir&, const Grouping&, const Walk&);
  Plan run(const std::vector<int>& order);

 private:
  friend class ProgramWriter;

  // Where a value lies; views are resolved, numbers written out, and what cannot be a view is copied first.
  const Location& locate(int value);
  Location& allocate(int value, const Strides& strides);
  int new_buffer(PlanBuffer);
  Location copy(const Location& from, const Spec&, const Strides& to, int origin);
  Location copy_once(int value, const Location& from, const Strides& to, int origin);
  void write_number(int value);
  fused::Access number_access(int value, const Shape& domain, const DimMap& domain_to_value);
  int scalar_index(int value);
  static int add_access(fused::Program&, PlanStep&, const Location&, DType, Strides, bool output);
  void emit_kernel(const IrNode&);
  void emit_fused(const Group&);
  void push(PlanStep, int origin, std::string name);

  const Ir& ir_;
  const Grouping& grouping_;
  const Walk& walk_;
  Plan plan_;
  std::vector<Location> locations_;  // per value; no buffer: not yet placed
  std::vector<uint8_t> stored_;      // per value of a fused group: kept, or read by another step
  std::vector<int> constants_;       // per value: position in the table of scalars
  std::vector<std::pair<int, Location>> copies_;
};

// Whether two layouts of a shape mean the same memory; strides of dims of size 1 do not matter.
bool same_memory(const Shape&, const Strides&, const Strides&);

// Dims of size above 1, the one with the largest stride first.
std::vector<int> dims_by_stride(const Shape&, const Strides&);

}  // namespace deepseek::scheduler
