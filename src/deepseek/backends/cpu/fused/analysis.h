// Checks a program and finds what each step varies along and when it can be computed.
#pragma once
#include <algorithm>
#include <vector>

#include "deepseek/backends/cpu/fused/program.h"

namespace deepseek::fused {

// Along what a value varies: nothing, the kept dims, all dims.
enum class Level : uint8_t { uniform, row, full };

struct Analysis {
  std::vector<int> kept_dims, reduced_dims;  // of size other than 1, outermost first
  int64_t kept = 1, reduced = 1;             // numbers of points
  int passes = 0;                            // over the points of a row: one for each stage of reductions

  // Per step. `same` names an earlier step of equal value (or the step itself); steps that are not live are never computed.
  std::vector<int> same;
  std::vector<char> live;
  std::vector<Level> level;  // of a store: of the memory written
  std::vector<int> stage;    // number of passes that must have finished before
  // Reduce steps along the kept dims instead, such as the gradient of a bias beside that of the rows: their result is only stored,
  // by an access that follows the reduced dims and no kept one.
  std::vector<char> across;

  // The step that stands for argument i of step k.
  size_t arg(const Program& p, size_t k, int i = 0) const {
    return static_cast<size_t>(same[static_cast<size_t>(p.steps[k].args[static_cast<size_t>(i)])]);
  }
};

inline int arity_of(const Step& step) {
  if (step.kind == Step::Kind::load) return 0;
  return step.kind == Step::Kind::compute ? step.op->arity : 1;
}

inline bool any_across(const Analysis& a) { return std::find(a.across.begin(), a.across.end(), 1) != a.across.end(); }

Analysis analyse(const Program&);

}  // namespace deepseek::fused
