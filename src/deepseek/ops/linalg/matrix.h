// What the ops on matrices share: checks of operands, and kernels over the matrices of a batch.
#pragma once
#include <climits>
#include <cmath>
#include <string_view>

#include "deepseek/backends/cpu/lapack/blocked.h"
#include "deepseek/ops/op.h"

namespace deepseek {

// The operand, float32 under autocast; raises unless it holds matrices of float32 or float64. `op` is "linalg.solve".
Tensor matrices(std::string_view op, const Tensor& operand, std::string_view name = "A");
Tensor square_matrices(std::string_view op, const Tensor& operand, std::string_view name = "A");
void check_same_type(std::string_view op, const Tensor& a, std::string_view a_name, const Tensor& b,
                     std::string_view b_name);

inline int64_t rows_of(const Shape& s) {
  return s[s.size() - 2];
}
inline int64_t columns_of(const Shape& s) {
  return s.back();
}
Shape batch_of(const Shape& s, int dims = 2);
Shape with_dims(Shape batch, std::initializer_list<int64_t> last);
// The leading dims of both, broadcast.
Shape common_batch(std::string_view op, const Tensor& a, const Tensor& b, int b_dims = 2);
// The same matrices for each place of `batch`.
Tensor in_batch(const Tensor& t, const Shape& batch, int dims = 2);

Tensor identity_like(const Tensor& a, int64_t rows, int64_t columns);  // without batch dims
Tensor column_scaled(const Tensor& a, const Tensor& diagonal);         // a diag(d)
Tensor row_scaled(const Tensor& a, const Tensor& diagonal);            // diag(d) a

// Asks for matrices stored by columns, as LAPACK has them.
inline void by_columns(Operand& o) {
  const int r = o.spec.rank();
  Dims order;
  for (int d = 0; d < r - 2; ++d) order.push_back(d);
  order.push_back(r - 1), order.push_back(r - 2);
  o.strides = strides_for_order(o.spec.shape, order);
}
inline void by_rows(Operand& o) {
  o.strides = contiguous_strides(o.spec.shape);
}

template <class F>
void visit_real(DType t, F&& f) {
  if (t == DType::float64) return f(double{});
  DEEPSEEK_CHECK(t == DType::float32);
  f(float{});
}

// body(i) for each matrix of a batch, in parallel, cut by the work that one takes.
template <class F>
void for_matrices(int64_t count, double work, F&& body) {
  const int64_t grain = std::max<int64_t>(1, static_cast<int64_t>(30000 / (work + 500)));
  parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  });
}

template <class T>
void copy_matrix(T* to, const T* from, int64_t count) {
  if (to != from) std::copy_n(from, count, to);
}

// "linalg.inv" or, in a batch, "linalg.inv: matrix 3 of the batch".
std::string matrix_text(std::string_view op, const Shape& batch, int64_t index);
// A factorisation met a zero at place `at`, from 1, of the diagonal of its factor.
[[noreturn]] void raise_singular(std::string_view op, const Shape& batch, int64_t index, char factor, int at);
void check_extent(std::string_view op, const Shape& shape);

template <class T>
void check_finite(std::string_view op, const Shape& batch, int64_t index, const T* a, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(a[i])) raise_linalg(matrix_text(op, batch, index), " holds NaN or infinity");
  }
}

}  // namespace deepseek
