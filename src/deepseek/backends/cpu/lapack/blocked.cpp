#include "deepseek/backends/cpu/lapack/blocked.h"

#include <algorithm>

#include "deepseek/backends/cpu/lapack/small.h"

namespace deepseek::lapack {
namespace {

template <class T>
T* at(T* a, int lda, int row, int column) {
  return a + row + static_cast<int64_t>(column) * lda;
}

}  // namespace

// Right-looking: a panel by the library, then each band of the columns behind it: exchange rows, solve, subtract.
template <class T>
int lu(int m, int n, T* a, int* pivots) {
  if (std::max(m, n) <= small::most) return small::lu(m, n, a, pivots);
  const Routines<T>& r = routines<T>();
  const int k = std::min(m, n), lda = std::max(m, 1);
  if (k < worth_bands) return r.getrf(by_columns, m, n, a, lda, pivots);
  int info = 0;
  for (int j = 0; j < k; j += band) {
    const int w = std::min(band, k - j), after = j + w;
    const int bad = r.getrf(by_columns, m - j, w, at(a, lda, j, j), lda, pivots + j);
    if (bad > 0 && info == 0) info = bad + j;
    for (int i = j; i < after; ++i) pivots[i] += j;
    for_bands(j, [&](int first, int width) {
      r.laswp(by_columns, width, at(a, lda, 0, first), lda, j + 1, after, pivots, 1);
    });
    for_bands(n - after, [&](int first, int width) {
      T* top = at(a, lda, j, after + first);
      r.laswp(by_columns, width, at(a, lda, 0, after + first), lda, j + 1, after, pivots, 1);
      r.trsm(by_columns, left, lower, plain, unit, w, width, 1, at(a, lda, j, j), lda, top, lda);
      if (after < m)
        r.gemm(by_columns, plain, plain, m - after, width, w, -1, at(a, lda, after, j), lda, top, lda, 1, top + w, lda);
    });
  }
  return info;
}

template <class T>
void lu_solve(bool transpose, int n, int count, const T* factors, const int* pivots, T* b) {
  if (n <= small::most && count <= small::most) return small::lu_solve(transpose, n, count, factors, pivots, b);
  const Routines<T>& r = routines<T>();
  const int lda = std::max(n, 1);
  const auto solve = [&](int first, int width) {
    r.getrs(by_columns, transpose ? 'T' : 'N', n, width, factors, lda, pivots, at(b, lda, 0, first), lda);
  };
  if (n < worth_bands) return solve(0, count);
  for_bands(count, solve);
}

template <class T>
int cholesky(int n, T* a) {
  if (n <= small::most) return small::cholesky(n, a);
  const Routines<T>& r = routines<T>();
  const int lda = std::max(n, 1);
  if (n < worth_bands) return r.potrf(by_columns, 'U', n, a, lda);
  for (int j = 0; j < n; j += band) {
    const int w = std::min(band, n - j), after = j + w;
    if (const int bad = r.potrf(by_columns, 'U', w, at(a, lda, j, j), lda)) return bad + j;
    for_bands(n - after, [&](int first, int width) {
      r.trsm(by_columns, left, upper, transposed, non_unit, w, width, 1, at(a, lda, j, j), lda,
             at(a, lda, j, after + first), lda);
    });
    for_uneven_bands(n - after, [&](int first, int width) {
      r.gemm(by_columns, transposed, plain, first + width, width, w, -1, at(a, lda, j, after), lda,
             at(a, lda, j, after + first), lda, 1, at(a, lda, after, after + first), lda);
    });
  }
  return 0;
}

template <class T>
void qr(int m, int n, T* a, T* tau) {
  const Routines<T>& r = routines<T>();
  const int k = std::min(m, n), lda = std::max(m, 1), step = 64;
  T size;
  r.geqrf(by_columns, m, k < worth_bands ? n : step, a, lda, tau, &size, -1);
  const int lwork = static_cast<int>(size);
  const auto work = scratch<T>(lwork), factor = scratch<T>(step * step);
  if (k < worth_bands) {
    r.geqrf(by_columns, m, n, a, lda, tau, work.get(), lwork);
    return;
  }
  for (int j = 0; j < k; j += step) {
    const int w = std::min(step, k - j), after = j + w;
    T* panel = at(a, lda, j, j);
    r.geqrf(by_columns, m - j, w, panel, lda, tau + j, work.get(), lwork);
    if (after == n) break;
    r.larft(by_columns, 'F', 'C', m - j, w, panel, lda, tau + j, factor.get(), step);
    for_bands(n - after, [&](int first, int width) {
      const auto own = scratch<T>(static_cast<int64_t>(width) * w);
      r.larfb(by_columns, 'L', 'T', 'F', 'C', m - j, width, w, panel, lda, factor.get(), step,
              at(a, lda, j, after + first), lda, own.get(), width);
    });
  }
}

// The columns of Q are what the reflectors, last first, make of the columns of the identity. Reflectors that begin
// below the only ones of a column leave it as it is.
template <class T>
void q_of(int m, int k, int count, const T* a, const T* tau, T* q) {
  const Routines<T>& r = routines<T>();
  const int lda = std::max(m, 1), step = 64;
  if (count < worth_bands && k == count) {
    if (q != a) std::copy_n(a, static_cast<int64_t>(m) * k, q);
    T size;
    r.orgqr(by_columns, m, k, count, q, lda, tau, &size, -1);
    const auto work = scratch<T>(static_cast<int64_t>(size));
    r.orgqr(by_columns, m, k, count, q, lda, tau, work.get(), static_cast<int>(size));
    return;
  }
  const int blocks = (count + step - 1) / step;
  const auto factors = scratch<T>(static_cast<int64_t>(blocks) * step * step);
  for (int b = 0; b < blocks; ++b) {
    r.larft(by_columns, 'F', 'C', m - b * step, std::min(step, count - b * step), at(a, lda, b * step, b * step), lda,
            tau + b * step, factors.get() + static_cast<int64_t>(b) * step * step, step);
  }
  for_uneven_bands(k, [&](int first, int width) {
    T* own = at(q, lda, 0, first);
    std::fill_n(own, static_cast<int64_t>(m) * width, T{0});
    for (int c = 0; c < width; ++c) *at(own, lda, first + c, c) = 1;
    const auto work = scratch<T>(static_cast<int64_t>(width) * step);
    for (int b = std::min(blocks - 1, (first + width - 1) / step); b >= 0; --b) {
      const int j = b * step;
      r.larfb(by_columns, 'L', 'N', 'F', 'C', m - j, width, std::min(step, count - j), at(a, lda, j, j), lda,
              factors.get() + static_cast<int64_t>(b) * step * step, step, own + j, lda, work.get(), width);
    }
  });
}

template <class T>
void triangular(int side, int uplo, int trans, int diag, int m, int n, const T* a, T* x) {
  if (std::max(m, n) <= small::most) {
    const bool from_left = side == left, turned = (trans == transposed) == from_left;
    const int size = from_left ? m : n;
    const small::Strided<const T> given{a, turned ? 1 : size, turned ? size : 1};
    const small::Strided<T> to{x, n, 1};
    const bool up = (uplo == upper) != turned;
    return small::triangular<T>(up, diag == unit, size, from_left ? n : m, given, from_left ? to : to.turned());
  }
  const Routines<T>& r = routines<T>();
  const int lda = std::max(side == left ? m : n, 1), ldx = std::max(n, 1), free = side == left ? n : m;
  const auto solve = [&](int first, int width) {
    if (side == left) return r.trsm(by_rows, side, uplo, trans, diag, m, width, 1, a, lda, x + first, ldx);
    r.trsm(by_rows, side, uplo, trans, diag, width, n, 1, a, lda, x + static_cast<int64_t>(first) * ldx, ldx);
  };
  if (lda < worth_bands) return solve(0, free);
  for_bands(free, solve);
}

template <class T>
void multiply(int m, int n, int k, const T* a, const T* b, T* c) {
  const Routines<T>& r = routines<T>();
  const int lda = std::max(m, 1), ldb = std::max(k, 1);
  for_bands(n, [&](int first, int width) {
    r.gemm(by_columns, plain, plain, m, width, k, 1, a, lda, at(b, ldb, 0, first), ldb, 0, at(c, lda, 0, first), lda);
  });
}

#define DEEPSEEK_INSTANTIATE(T)                                         \
  template int lu(int, int, T*, int*);                                  \
  template void lu_solve(bool, int, int, const T*, const int*, T*);     \
  template int cholesky(int, T*);                                       \
  template void qr(int, int, T*, T*);                                   \
  template void q_of(int, int, int, const T*, const T*, T*);            \
  template void triangular(int, int, int, int, int, int, const T*, T*); \
  template void multiply(int, int, int, const T*, const T*, T*);
DEEPSEEK_INSTANTIATE(float)
DEEPSEEK_INSTANTIATE(double)
#undef DEEPSEEK_INSTANTIATE

}  // namespace deepseek::lapack
