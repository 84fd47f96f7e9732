#include "deepseek/ops/linalg/matrix.h"

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/core/core.h"

namespace deepseek {

Tensor matrices(std::string_view op, const Tensor& operand, std::string_view name) {
  const Tensor a = autocast_full(operand);
  if (a.dtype() != DType::float32 && a.dtype() != DType::float64)
    raise_type(op, ": needs float32 or float64, but ", name, " is ", name_of(a.dtype()));
  ensure(a.rank() >= 2, op, ": ", name, " must have at least 2 dims, but its shape is ", to_string(a.shape()));
  check_extent(op, a.shape());
  return a;
}

Tensor square_matrices(std::string_view op, const Tensor& operand, std::string_view name) {
  const Tensor a = matrices(op, operand, name);
  ensure(rows_of(a.shape()) == columns_of(a.shape()), op, ": the matrices of ", name,
         " must be square, but its shape is ", to_string(a.shape()));
  return a;
}

void check_same_type(std::string_view op, const Tensor& a, std::string_view a_name, const Tensor& b,
                     std::string_view b_name) {
  if (a.dtype() != b.dtype()) {
    raise_type(op, ": ", a_name, " and ", b_name, " must have the same dtype, but they are ", name_of(a.dtype()),
               " and ", name_of(b.dtype()));
  }
}

void check_extent(std::string_view op, const Shape& shape) {
  // LAPACK counts in 32 bits, workspaces of a few times the matrix included.
  ensure(rows_of(shape) <= 20000 || columns_of(shape) <= 20000, op, ": matrices of shape ", to_string(shape),
         " are too large");
  ensure(rows_of(shape) < INT_MAX / 64 && columns_of(shape) < INT_MAX / 64, op, ": matrices of shape ",
         to_string(shape), " are too large");
}

Shape batch_of(const Shape& s, int dims) {
  Shape batch = s;
  for (int i = 0; i < dims; ++i) batch.pop_back();
  return batch;
}

Shape with_dims(Shape batch, std::initializer_list<int64_t> last) {
  for (int64_t n : last) batch.push_back(n);
  return batch;
}

Shape common_batch(std::string_view op, const Tensor& a, const Tensor& b, int b_dims) {
  return broadcast(batch_of(a.shape()), batch_of(b.shape(), b_dims), op);
}

Tensor in_batch(const Tensor& t, const Shape& batch, int dims) {
  Shape shape = batch;
  for (int d = t.rank() - dims; d < t.rank(); ++d) shape.push_back(t.shape()[d]);
  return shape == t.shape() ? t : broadcast_to(t, shape);
}

Tensor identity_like(const Tensor& a, int64_t rows, int64_t columns) {
  return eye(rows, columns, a.dtype());
}
Tensor column_scaled(const Tensor& a, const Tensor& diagonal) {
  return a * unsqueeze(diagonal, -2);
}
Tensor row_scaled(const Tensor& a, const Tensor& diagonal) {
  return a * unsqueeze(diagonal, -1);
}

std::string matrix_text(std::string_view op, const Shape& batch, int64_t index) {
  if (batch.empty()) return concat(op, ": the matrix");
  Dims at = batch;
  for (int d = batch.size() - 1; d >= 0; --d) at[d] = index % batch[d], index /= batch[d];
  return batch.size() == 1 ? concat(op, ": matrix ", at[0], " of the batch")
                           : concat(op, ": matrix ", to_string(at), " of the batch");
}

void raise_singular(std::string_view op, const Shape& batch, int64_t index, char factor, int at) {
  raise_linalg(matrix_text(op, batch, index), " is singular: its factor ", factor, " has a zero at (", at - 1, ", ", at - 1, ")");
}

}  // namespace deepseek
