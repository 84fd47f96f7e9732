// Kernels of block programs, shared by the plans that hold equal ones: a batch of another size leaves the updates of all
// parameters as they were.
#pragma once
#include <memory>

#include "deepseek/backends/cpu/fused/program.h"

namespace deepseek::scheduler {

// The kernel of a program; it lives as long as a plan has it. Called with graph_mutex() held.
std::shared_ptr<const fused::Kernel> compiled(const fused::Program&);

}  // namespace deepseek::scheduler
