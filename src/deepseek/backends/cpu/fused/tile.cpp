#include "deepseek/backends/cpu/fused/tile.h"

#include <algorithm>
#include <cstdlib>

#include "deepseek/backends/cpu/fused/analysis.h"

namespace deepseek::fused {
namespace {

constexpr int64_t tile_last = 32, tile_other = block_size / tile_last;
constexpr int64_t column_tiles = 8;  // tiles below each other: a page that a tile has touched is used again soon

// The dim, not the last, along which some access is contiguous while it jumps along the last; -1 if there is none.
int crossing_dim(const Program& p) {
  const int last = p.domain.size() - 1;
  for (const Access& a : p.accesses) {
    if (a.kind != Access::Kind::memory || std::abs(a.strides[last]) < 2) continue;
    for (int d = 0; d < last; ++d) {
      if (a.strides[d] == 1 && p.domain[d] >= tile_other) return d;
    }
  }
  return -1;
}

// Drops dims of size 1 and merges neighbours that every access allows to.
Program merged(const Program& p) {
  Program m = p;
  m.domain = {};
  for (Access& a : m.accesses) a.strides = {};
  for (int d = 0; d < p.domain.size(); ++d) {
    if (p.domain[d] == 1) continue;
    const int last = m.domain.size() - 1;
    bool joins = last >= 0;
    for (size_t i = 0; i < p.accesses.size() && joins; ++i) {
      if (p.accesses[i].kind == Access::Kind::scalar) continue;
      joins = m.accesses[i].strides[last] == p.accesses[i].strides[d] * p.domain[d];
    }
    if (joins) m.domain[last] *= p.domain[d];
    else m.domain.push_back(p.domain[d]);
    for (size_t i = 0; i < p.accesses.size(); ++i) {
      if (p.accesses[i].kind == Access::Kind::scalar) continue;
      if (joins) m.accesses[i].strides[last] = p.accesses[i].strides[d];
      else m.accesses[i].strides.push_back(p.accesses[i].strides[d]);
    }
  }
  return m;
}

// Points [begin, end) along dim d.
Program part(const Program& p, int d, int64_t begin, int64_t end) {
  Program q = p;
  q.domain[d] = end - begin;
  for (Access& a : q.accesses) {
    if (a.kind != Access::Kind::scalar) a.offset += begin * a.strides[d];
  }
  return q;
}

// Splits the last dim and dim d; the parts inside a tile become the innermost dims, so that a tile is one block.
Program in_tiles(const Program& p, int d, int64_t column) {
  const int last = p.domain.size() - 1;
  Program q = p;
  q.domain[d] /= column * tile_other;
  q.domain[last] /= tile_last;
  for (int64_t size : {column, tile_other, tile_last}) q.domain.push_back(size);
  for (Access& a : q.accesses) {
    if (a.kind == Access::Kind::scalar) continue;
    const int64_t other = a.strides[d], inner = a.strides[last];
    a.strides[d] *= column * tile_other;
    a.strides[last] *= tile_last;
    for (int64_t stride : {tile_other * other, other, inner}) a.strides.push_back(stride);
  }
  return q;
}

}  // namespace

std::vector<Program> tiled(const Program& program) {
  const bool reduces = std::any_of(program.steps.begin(), program.steps.end(),
                                   [](const Step& s) { return s.kind == Step::Kind::reduce; });
  if (reduces || program.domain.numel() < 4 * block_size) return {program};
  const Program p = merged(program);
  const int last = p.domain.size() - 1;
  if (last < 1 || last + 3 >= max_rank || p.domain[last] < tile_last) return {program};
  const int d = crossing_dim(p);
  if (d < 0) return {program};
  const int64_t column = p.domain[d] >= column_tiles * tile_other ? column_tiles : 1;
  const int64_t whole_d = p.domain[d] / (column * tile_other) * (column * tile_other);
  const int64_t whole_last = p.domain[last] / tile_last * tile_last;
  const Program left = part(p, last, 0, whole_last), right = part(p, last, whole_last, p.domain[last]);
  std::vector<Program> parts = {in_tiles(part(left, d, 0, whole_d), d, column)};
  if (whole_d < p.domain[d]) {
    for (Program& rest : tiled(part(left, d, whole_d, p.domain[d]))) parts.push_back(std::move(rest));
  }
  if (whole_last < p.domain[last]) parts.push_back(right);
  return parts;
}

}  // namespace deepseek::fused
