// Runs a plan on the values that a walk found.
#pragma once
#include "deepseek/scheduler/plan.h"
#include "deepseek/scheduler/walk.h"

namespace deepseek::runtime {

// Fills the buffers of the nodes that the plan's results name. When a step throws, `failed_origin` is the node that it belongs
// to, and leaves that the plan had already overwritten are marked as lost.
void run(const scheduler::Plan&, const scheduler::Walk&, int& failed_origin);

}  // namespace deepseek::runtime
