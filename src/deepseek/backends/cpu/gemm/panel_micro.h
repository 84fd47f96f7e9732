// The inner product of rows in place and a packed panel of columns.
#pragma once
#include "deepseek/backends/cpu/gemm/panels.h"

namespace deepseek::gemm {

inline constexpr int most_panel_rows = 12;

// c (rows x 1 or 2 vectors) = or += rows of a times the panel, which is two vectors wide; `ending` behind the last of the depth.
using PanelFn = void (*)(int64_t depth, const float* a, int64_t a_row, const float* b, float* c, int64_t c_row, bool add,
                         const PanelEnding* ending);
struct PanelTable {
  int lanes, rows;
  PanelFn of[2][most_panel_rows];  // by vectors and rows
};
const PanelTable& panel_table();

}  // namespace deepseek::gemm
