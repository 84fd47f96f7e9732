// Chooses how the domain of a program is cut into groups and blocks.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "deepseek/backends/cpu/fused/lowering.h"

namespace deepseek::fused {
namespace {

constexpr int64_t split_points = 64 * 1024;  // a group of more is shared by the threads when there are few groups
constexpr int64_t few_groups = 16;
constexpr int64_t column_group = 4096;
constexpr int64_t column_cache = 32 * 1024;  // points of a group that passes should find again

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// At most `limit`, and the pieces about equal, so that the last one is not a crumb.
int64_t even_piece(int64_t total, int64_t limit) {
  if (total <= limit) return std::max<int64_t>(total, 1);
  const int64_t piece = divide_up(total, divide_up(total, limit));
  return std::min(limit, divide_up(piece, 16) * 16);
}

// Whether most bytes lie side by side along the kept dims rather than along the reduced ones.
bool kept_side_by_side(const Program& p, const Analysis& a) {
  if (a.kept_dims.empty() || a.reduced_dims.empty()) return false;
  int64_t votes = 0;
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    if (!a.live[k] || s.access < 0 || (s.kind != Step::Kind::load && s.kind != Step::Kind::store) || a.level[k] != Level::full) continue;
    const Access& access = p.accesses[static_cast<size_t>(s.access)];
    if (access.kind != Access::Kind::memory) continue;
    const int64_t kept = std::abs(access.strides[a.kept_dims.back()]), reduced = std::abs(access.strides[a.reduced_dims.back()]);
    if (kept == 0 || reduced == 0 || kept == reduced) continue;
    votes += kept < reduced ? size_of(access.dtype) : -size_of(access.dtype);
  }
  return votes > 0;
}

// How far apart points are that read the same elements of every operand repeated along outer dims; 0 if operands differ in that or
// there are none.
int64_t period_of(const Program& p, const Analysis& a, const Cut& cut) {
  int64_t period = 0;
  for (size_t k = 0; k < p.steps.size(); ++k) {
    if (!a.live[k] || p.steps[k].kind != Step::Kind::load || a.level[k] == Level::uniform) continue;
    const Walk walk = walk_of(p, a, cut, p.accesses[static_cast<size_t>(p.steps[k].access)], a.level[k]);
    if (walk.rank != 2 || walk.stride[1] != 0) continue;
    if (period != 0 && walk.size[0] != period) return 0;
    period = walk.size[0];
  }
  return period;
}

// A block of at most `points` at whose start such operands always are at the same place, or whose points are side by side in them.
// Whole cache lines, since results may be written past the caches. 0: none of a good size.
int64_t block_in_step(int64_t period, int64_t points) {
  constexpr int64_t line_points = 32;
  if (period == 0) return 0;
  const int64_t whole = std::lcm(period, line_points);
  if (whole <= points) return points / whole * whole;
  for (int64_t block = points / line_points * line_points; 2 * block > points; block -= line_points) {
    if (period % block == 0) return block;
  }
  return 0;
}

}  // namespace

Cut choose_cut(const Program& p, const Analysis& a, int64_t block_points) {
  Cut cut;
  cut.kept = a.kept;
  cut.reduced = a.reduced;
  if (a.passes == 0) {
    cut.group = std::clamp<int64_t>(cut.kept, 1, block_points);
    if (cut.kept > block_points) {
      if (const int64_t block = block_in_step(period_of(p, a, cut), block_points)) cut.group = block;
    }
    cut.block = cut.group;
    return cut;
  }
  const bool across = any_across(a);
  cut.columns = !across && kept_side_by_side(p, a);
  if (cut.columns) {
    // Wide groups walk memory in long runs; narrower ones let later passes find the values of earlier ones in the cache.
    int64_t width = column_group;
    if (a.passes > 1 && cut.reduced <= column_cache / 64) width = std::min(width, column_cache / std::max<int64_t>(cut.reduced, 1));
    cut.group = even_piece(cut.kept, width);
    cut.block = even_piece(cut.group, block_size);
    if (cut.group == cut.kept && cut.group <= block_size) {
      cut.repeats = std::clamp<int64_t>(block_size / cut.group, 1, std::max<int64_t>(cut.reduced, 1));
      cut.block = cut.group * cut.repeats;
    }
  } else if (cut.reduced <= block_size) {
    cut.group = std::clamp<int64_t>(block_size / std::max<int64_t>(cut.reduced, 1), 1, std::max<int64_t>(cut.kept, 1));
    cut.block = std::max<int64_t>(cut.group * cut.reduced, 1);
    cut.one_block = true;
  } else {
    cut.block = even_piece(cut.reduced, block_size);
  }
  cut.split = !across && !cut.one_block && cut.groups() < few_groups && cut.group * cut.reduced >= split_points;
  return cut;
}

}  // namespace deepseek::fused
