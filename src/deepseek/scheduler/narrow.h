// Registers are wider than some stored types: these bring a register to the values that the type can hold.
#pragma once
#include "deepseek/backends/cpu/fused/lane.h"

namespace deepseek::scheduler {

// Null when the register holds just what the type does. `rounding` includes the 16-bit floats.
const fused::LaneOp* narrowing(DType stored, bool rounding);

}  // namespace deepseek::scheduler
