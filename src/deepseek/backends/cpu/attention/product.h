// Products of tiles in one thread, and how heads lie in memory.
#pragma once
#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/ops/kernel_op.h"
#include "deepseek/tensor/error.h"

namespace deepseek::attention {

// c = alpha * a b + beta * c, row-major; 't' reads the factor transposed.
inline void product(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb,
                    float beta, float* c, int64_t ldc) {
  const dnnl_status_t status = dnnl_sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  DEEPSEEK_CHECK(status == dnnl_success, "sgemm ", static_cast<int>(status));
}

// A (n, h, rows, width) operand with unit stride along width.
struct Heads {
  int64_t batch, head, row;
  explicit Heads(const Operand& o)
      : batch(o.strides[0]), head(o.strides[1]), row(o.spec.shape[2] == 1 ? std::max(o.strides[2], o.spec.shape[3]) : o.strides[2]) {}
  template <class T>
  T* at(T* base, int64_t n, int64_t h, int64_t i) const {
    return base + n * batch + h * head + i * row;
  }
};

// Asks for a layout that the products can read: unit stride along the last dim, rows that do not overlap.
void ask_rows(Operand& o);
// Memory in the order of `like`, so that joined heads are a view again.
Strides in_order_of(const Operand& like, const Shape& shape);

}  // namespace deepseek::attention
