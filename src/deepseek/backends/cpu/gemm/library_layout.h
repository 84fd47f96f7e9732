// How oneDNN's gemm takes a matrix: transposed or not, with a leading dimension; ld 0 when neither stride is one.
#pragma once
#include <algorithm>
#include <cstdint>

namespace deepseek::gemm {

struct LibraryMatrix {
  char transposed = 'N';
  int64_t ld = 0;
};

inline LibraryMatrix as_library(int64_t rows, int64_t cols, int64_t row_step, int64_t col_step) {
  if ((col_step == 1 || cols == 1) && (rows == 1 || row_step >= std::max<int64_t>(cols, 1))) {
    return {'N', rows == 1 ? std::max<int64_t>(cols, 1) : row_step};
  }
  if ((row_step == 1 || rows == 1) && (cols == 1 || col_step >= std::max<int64_t>(rows, 1))) {
    return {'T', cols == 1 ? std::max<int64_t>(rows, 1) : col_step};
  }
  return {};
}

}  // namespace deepseek::gemm
