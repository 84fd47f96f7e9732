// Memory for time: what the forward part computed cheaply is computed again where backward needs it, rather than kept until then.
#pragma once
#include "deepseek/scheduler/ir.h"

namespace deepseek::scheduler {

// How far to go. Steps that cost a pass over memory that is read anyway are always computed again; contractions only for a budget.
struct Effort {
  double share = 0;  // of the forward part, from its start, that is computed again from what crosses the ends of its segments
  int segments = 1;
};

// Backward reads copies of the steps that led to such values; the originals die with their last use in the forward part. The
// arithmetic is the same, and so are the bits.
void rematerialize(Ir&, Effort = {});

}  // namespace deepseek::scheduler
