// Products c = a * b with b in packed panels, which are kept with a parameter's bytes: rows of `a` are read where they lie, and what
// follows the product happens in registers. Every element is summed in one order, however the work is cut.
#pragma once
#include "deepseek/backends/cpu/gemm/matmul.h"

namespace deepseek::gemm {

// What happens to a sum, in this order; bias, slope and shift hold a number for each column, `other` lies like c. Null: left out.
struct PanelEnding {
  const float *bias = nullptr, *slope = nullptr, *shift = nullptr, *other = nullptr;
  bool relu = false, relu6 = false;
};

struct PanelShape {
  int64_t m = 1, n = 1, k = 1;
  int64_t a_row = 0;                  // step between rows of a, whose elements are neighbours
  int64_t b_row = 0, b_col = 0;       // steps of the factor that is packed
  int64_t c_row = 0;
  // Rows of `a` that do not follow one step: images that a stride thins out.
  std::function<int64_t(int64_t row)> a_at = {};
};

class PanelProduct {
 public:
  // Whether the columns fill registers.
  static bool suits(int64_t n);
  explicit PanelProduct(PanelShape shape);
  int64_t workspace() const;  // for b where it cannot be kept
  void run(const float* a, const float* b, Storage* b_storage, void* workspace, float* c, const PanelEnding& ending) const;

 private:
  const float* packed(const float* b, Storage* storage, void* workspace) const;
  void pack(const float* b, float* to) const;
  void part(const float* a, const float* b, float* c, const PanelEnding& ending, int64_t row, int64_t rows, int64_t col, int64_t cols) const;

  PanelShape s_;
  int64_t row_parts_ = 1, col_parts_ = 1;
  bool copies_;
};

// For a parameter of a linear layer and a moderate number of rows; null elsewhere.
KernelFn make_panel_matmul(const MatMulShape& shape, const Epilogue& epilogue, KernelContext& context);

}  // namespace deepseek::gemm
