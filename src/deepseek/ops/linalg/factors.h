// Factors of a matrix that solutions, inverses, norms and determinants are made of, each differentiable.
#pragma once
#include <string>

#include "deepseek/graph/tensor.h"

namespace deepseek {

// (LU, int32 pivots counted from 1, int32 info). With a name in `checked` a singular matrix raises when it is computed.
TensorList lu_factors(const Tensor& a, const std::string& checked = {});

// int64 rows: those of A in the order in which LU has them. `back`: the opposite.
Tensor pivot_order(const Tensor& pivots, int64_t rows, bool back);

// The rows of b (..., m, n) in the order of `order` (..., m).
Tensor rows_in_order(const Tensor& b, const Tensor& order);

// (inverse, int32 info); `checked` as above.
TensorList inverses(const Tensor& a, const std::string& checked = {});

// op(a) x = b with `left`, else x op(a) = b, where only one triangle of a counts.
Tensor triangular_solved(const Tensor& a, const Tensor& b, bool upper, bool left, bool unit, bool transpose);

// (U, S, Vh); U and Vh are square with `full`.
TensorList singular_factors(std::string_view op, const Tensor& a, bool full);
Tensor singular_values(std::string_view op, const Tensor& a);

// (ascending eigenvalues, eigenvectors as columns) of symmetric matrices, of which one triangle is read.
TensorList eigen_factors(std::string_view op, const Tensor& a, bool upper);
Tensor eigenvalues(std::string_view op, const Tensor& a, bool upper);

}  // namespace deepseek
