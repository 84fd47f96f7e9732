#pragma once
#include <string_view>

namespace deepseek::lapack {

// x (n, count) with the least |a x - b| takes the first rows of b, whose columns hold max(m, n) numbers; `a` (m, n) is
// destroyed. Singular values smaller than `rcond` times the largest count as 0, but the driver gels needs a full rank:
// false without. s is written by gelsd and gelss. Matrices lie by columns.
template <class T>
bool least_squares(std::string_view driver, int m, int n, int count, T* a, T* b, T* s, T rcond, int* rank);

}  // namespace deepseek::lapack
