// Transposes: memory that is contiguous along another dim than the last is read and written in tiles.
#pragma once
#include <vector>

#include "deepseek/backends/cpu/fused/program.h"

namespace deepseek::fused {

// Programs over parts of the domain that together do the same as the given one; itself when tiling does not help.
std::vector<Program> tiled(const Program&);

}  // namespace deepseek::fused
