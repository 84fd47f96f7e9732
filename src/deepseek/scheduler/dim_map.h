// Views that only drop, insert, repeat or permute dims, as a map between the dims of two values. They cost nothing inside a
// fused group, whatever the memory layout turns out to be.
#pragma once
#include <array>
#include <optional>

#include "deepseek/scheduler/ir.h"

namespace deepseek::scheduler {

// Per dim of one value: the dim of another value that it runs along, or -1 (size 1, or repeated).
struct DimMap {
  std::array<int8_t, max_rank> to{};
  int rank = 0;
  int operator[](int d) const { return to[static_cast<size_t>(d)]; }
  void push(int d) { to[static_cast<size_t>(rank++)] = static_cast<int8_t>(d); }
  uint32_t bits() const {  // the dims that it leads to
    uint32_t found = 0;
    for (int d = 0; d < rank; ++d) found |= to[static_cast<size_t>(d)] >= 0 ? 1u << to[static_cast<size_t>(d)] : 0;
    return found;
  }
  friend bool operator==(const DimMap&, const DimMap&) = default;  // `to` is zero from `rank` on
  static DimMap identity(const Shape&);  // dims of size 1 map to -1
};

// A value as a view of another one that is no such view itself.
struct Base {
  int value;
  DimMap map;  // from the dims of the view to those of `value`
};

// The map of one view node; empty when it is more than a map of dims.
std::optional<DimMap> map_of_view(const Ir&, const IrNode&);

// For each value: what it is a view of (itself when it is none).
std::vector<Base> find_bases(const Ir&);

// The map from the dims of `out` to those of `value`, whose shape broadcasts to `out`.
DimMap broadcast_map(const Base& operand, const Shape& operand_shape, const Shape& out);

}  // namespace deepseek::scheduler
