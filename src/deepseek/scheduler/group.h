// Fusion: which nodes run together as one block program.
#pragma once
#include <vector>

#include "deepseek/scheduler/dim_map.h"

namespace deepseek::scheduler {

struct Group {
  std::vector<int> nodes;        // of the Ir, in order; a kernel stands alone
  bool fused = true;
  Shape domain;                  // fused: what the program runs over
  uint32_t reduced = 0;          // domain dims (of size > 1) that its reduce steps reduce
  bool has_reduce = false;
  int level = 0;                 // the highest of its nodes
  bool crossed = false;          // some reduce the other dims
  std::vector<int> users;        // groups that need a result of this one; may name merged groups
  int merged_into = -1;

  uint32_t all_dims() const {  // of size above 1
    uint32_t bits = 0;
    for (int d = 0; d < domain.size(); ++d) bits |= domain[d] != 1 ? 1u << d : 0;
    return bits;
  }
};

struct Grouping {
  std::vector<Group> groups;     // merged ones are empty
  std::vector<int> group_of;     // per Ir node, -1 for leaves, numbers, index values and views
  std::vector<DimMap> in_domain; // per value of a fused group: its dims in the group's domain
  std::vector<DimMap> operands;  // per node of a fused group: the dims over which it reads its operands
  std::vector<Base> bases;       // per value
  std::vector<char> across;      // per Ir node: reduces along the dims that the rest of its group keeps

  int find(int g) const {
    while (groups[static_cast<size_t>(g)].merged_into >= 0) g = groups[static_cast<size_t>(g)].merged_into;
    return g;
  }
};

Grouping group(const Ir&);

// The value whose memory `v` needs: `v` itself or what it is, over any views, a part of.
int stored_source(const Ir&, int v);

}  // namespace deepseek::scheduler
