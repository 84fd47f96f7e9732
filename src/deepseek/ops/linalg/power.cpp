#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/linalg/factors.h"
#include "deepseek/ops/linalg/matrix.h"

namespace deepseek {
namespace {

Tensor power(const std::string& op, const Tensor& a, int64_t n) {
  ensure(a.rank() >= 2 && rows_of(a.shape()) == columns_of(a.shape()), op, ": needs square matrices, but the shape is ",
         to_string(a.shape()));
  if (n == 0) return clone(broadcast_to(eye(rows_of(a.shape()), std::nullopt, a.dtype()), a.shape()));
  Tensor square = n > 0 ? a : inverses(square_matrices(op, a), op)[0], result;
  for (uint64_t rest = n > 0 ? static_cast<uint64_t>(n) : -static_cast<uint64_t>(n); rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = result.defined() ? product(result, square) : square;
    if (rest > 1) square = product(square, square);
  }
  return n == 1 ? clone(result) : result;
}

// Where to cut the product of matrices i to j, by the fewest multiplications (T. Cormen et al., Introduction to
// Algorithms, 15.2).
class Chain {
 public:
  explicit Chain(const TensorList& m) : matrices_(m), count_(m.size()), cost_(count_ * count_), cut_(count_ * count_) {
    for (size_t length = 1; length < count_; ++length) {
      for (size_t i = 0; i + length < count_; ++i) find(i, i + length);
    }
  }
  Tensor value(size_t i, size_t j) const {
    if (i == j) return matrices_[i];
    const size_t k = cut_[i * count_ + j];
    return product(value(i, k), value(k + 1, j));
  }

 private:
  void find(size_t i, size_t j) {
    double least = -1;
    for (size_t k = i; k < j; ++k) {
      const double own =
          double(matrices_[i].shape()[0]) * double(matrices_[k].shape()[1]) * double(matrices_[j].shape()[1]);
      const double cost = cost_[i * count_ + k] + cost_[(k + 1) * count_ + j] + own;
      if (least < 0 || cost < least) least = cost, cut_[i * count_ + j] = k;
    }
    cost_[i * count_ + j] = least;
  }
  const TensorList& matrices_;
  size_t count_;
  std::vector<double> cost_;
  std::vector<size_t> cut_;
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, linalg_matrix_power, (const Tensor& A, int64_t n),
    "The product of `n` copies of square matrices: the identity for 0, powers of the inverse for negative `n`.") {
  return power("linalg.matrix_power", A, n);
}
DEEPSEEK_FACTS(linalg_matrix_power, .in = {"linalg"}, .reference = "numpy.linalg.matrix_power(A, n)",
               .good = {"randn(3, 3), 1", "randn(2, 3, 3), 0", "randn(2, 3, 3), 5", "randn(3, 3) + 2 * eye(3), -2",
                        "randn(0, 0), 3"},
               .bad = {"randn(3, 2), 2", "randn(3), 2", "full((2, 2), 0), -1"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, matrix_power, (const Tensor& input, int64_t n), "The same as `linalg.matrix_power`.") {
  return power("matrix_power", input, n);
}
DEEPSEEK_FACTS(matrix_power, .in = {"method"}, .reference = "numpy.linalg.matrix_power(input, n)",
               .good = {"randn(3, 3), 3"}, .bad = {"randn(3, 2), 2"}, .tolerance = 1e-3);

DEEPSEEK_FUNCTION(Tensor, linalg_multi_dot, (const TensorList& tensors),
                  "The product of two or more matrices, in the order of evaluation that needs the fewest "
                  "multiplications. The first may be "
                  "a row and the last a column, with one dim.") {
  constexpr std::string_view op = "linalg.multi_dot";
  ensure(tensors.size() >= 2, op, ": needs at least 2 tensors, but there are ", tensors.size());
  TensorList m = tensors;
  const bool row = m.front().rank() == 1, column = m.back().rank() == 1;
  if (row) m.front() = unsqueeze(m.front(), 0);
  if (column) m.back() = unsqueeze(m.back(), 1);
  for (size_t i = 0; i < m.size(); ++i) {
    ensure(m[i].rank() == 2, op, ": tensor ", i, " must have 2 dims", i == 0 || i + 1 == m.size() ? " or 1" : "",
           ", but its shape is ", to_string(tensors[i].shape()));
    if (i == 0) continue;
    check_product_types(op, m[i - 1], "a tensor", m[i], "the next");
    ensure(m[i - 1].shape()[1] == m[i].shape()[0], op, ": columns of tensor ", i - 1, " must equal rows of tensor ", i,
           ", but they are ", to_string(tensors[i - 1].shape()), " and ", to_string(tensors[i].shape()));
  }
  Tensor result = Chain(m).value(0, m.size() - 1);
  if (column) result = squeeze(result, {-1});
  return row ? squeeze(result, {0}) : result;
}
DEEPSEEK_FACTS(linalg_multi_dot, .in = {"linalg"}, .reference = "numpy.linalg.multi_dot(tensors)",
               .good = {"[randn(3, 4), randn(4, 2)]", "[randn(10, 3), randn(3, 20), randn(20, 2), randn(2, 5)]",
                        "[randn(3), randn(3, 4), randn(4)]", "[randn(3, 4), randn(4, 5), randn(5)]"},
               .bad = {"[randn(3, 3)]", "[randn(3, 4), randn(3, 4)]", "[randn(3, 4), randn(4), randn(4, 3)]",
                       "[randn(2, 2), ints(2, 2)]"});

}  // namespace deepseek
