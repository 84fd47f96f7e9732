// From groups to steps: chooses layouts and writes the block programs.
#pragma once
#include "deepseek/scheduler/group.h"
#include "deepseek/scheduler/plan.h"

namespace deepseek::scheduler {

// Groups in the order in which they run.
std::vector<int> order_groups(const Ir&, const Grouping&, const Walk&);

// Steps and buffers; memory is not placed yet and programs are not compiled.
Plan emit(const Ir&, const Grouping&, const Walk&, const std::vector<int>& order);

// Lets results take over the bytes of operands that die, gives every buffer its place, compiles the programs.
void place_buffers(Plan&, const Walk&);

}  // namespace deepseek::scheduler
