// Between analysis and code.
#pragma once
#include "deepseek/backends/cpu/fused/analysis.h"
#include "deepseek/backends/cpu/fused/code.h"

namespace deepseek::fused {

// A slot before slots share memory. One that an instruction points at memory has no bytes of its own, but may point into
// another slot's memory (`backing`), which then has to live as long.
struct VirtualSlot {
  int64_t element_bytes = 0;  // 0: a pointer
  int64_t elements = 0;
  bool row_level = false;
  bool whole_loop = false;  // written block by block and read by a later pass
  int backing = -1;
};

// `block_points`: of a block of a program that reduces nothing.
Cut choose_cut(const Program&, const Analysis&, int64_t block_points);

// Where the elements of an access lie, for values of a level.
Walk walk_of(const Program&, const Analysis&, const Cut&, const Access&, Level);

struct Needs {
  std::vector<std::vector<char>> pass;  // per pass and step: computed (or stored, or reduced) there
  std::vector<char> again;              // per step: computed by one pass and read by a later one
};
Needs find_needs(const Program&, const Analysis&, const Cut&, bool stores_last);

// Puts joints in the place of the lanes that they are made of.
void join_lanes(Code&);

// Gives memory to slots (those whose lives do not overlap share it), renumbers them in the instructions, finds the hazards.
void place_slots(Code&, const std::vector<VirtualSlot>&);

}  // namespace deepseek::fused
