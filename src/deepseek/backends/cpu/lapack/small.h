// Factorisations of matrices of a few columns, for which a call of the library takes longer than the arithmetic.
// Matrices are stored by columns, without gaps.
#pragma once
#include <algorithm>
#include <cmath>
#include <utility>

namespace deepseek::lapack::small {

inline constexpr int most = 16;

template <class T>
int lu(int m, int n, T* a, int* pivots) {
  int info = 0;
  for (int j = 0; j < std::min(m, n); ++j) {
    T* const column = a + j * m;
    int p = j;
    for (int i = j + 1; i < m; ++i) {
      if (std::abs(column[i]) > std::abs(column[p])) p = i;
    }
    pivots[j] = p + 1;
    if (column[p] == 0) {
      if (info == 0) info = j + 1;
      continue;
    }
    if (p != j) {
      for (int c = 0; c < n; ++c) std::swap(a[c * m + j], a[c * m + p]);
    }
    if (const T scale = 1 / column[j]; std::isfinite(scale)) {
      for (int i = j + 1; i < m; ++i) column[i] *= scale;
    } else {
      for (int i = j + 1; i < m; ++i) column[i] /= column[j];
    }
    for (int c = j + 1; c < n; ++c) {
      T* const other = a + c * m;
      const T factor = other[j];
      for (int i = j + 1; i < m; ++i) other[i] -= column[i] * factor;
    }
  }
  return info;
}

template <class T>
void lu_solve(bool transpose, int n, int count, const T* a, const int* pivots, T* b) {
  for (T* x = b; x != b + count * n; x += n) {
    if (!transpose) {
      for (int j = 0; j < n; ++j) std::swap(x[j], x[pivots[j] - 1]);
      for (int j = 0; j < n; ++j) {
        for (int i = j + 1; i < n; ++i) x[i] -= a[j * n + i] * x[j];
      }
      for (int j = n - 1; j >= 0; --j) {
        x[j] /= a[j * n + j];
        for (int i = 0; i < j; ++i) x[i] -= a[j * n + i] * x[j];
      }
    } else {
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i < j; ++i) x[j] -= a[j * n + i] * x[i];
        x[j] /= a[j * n + j];
      }
      for (int j = n - 1; j >= 0; --j) {
        for (int i = j + 1; i < n; ++i) x[j] -= a[j * n + i] * x[i];
      }
      for (int j = n - 1; j >= 0; --j) std::swap(x[j], x[pivots[j] - 1]);
    }
  }
}

// The upper triangle becomes U with a = U^T U.
template <class T>
int cholesky(int n, T* a) {
  for (int j = 0; j < n; ++j) {
    T* const column = a + j * n;
    for (int i = 0; i < j; ++i) {
      const T* const other = a + i * n;
      T rest = column[i];
      for (int k = 0; k < i; ++k) rest -= other[k] * column[k];
      column[i] = rest / other[i];
    }
    T rest = column[j];
    for (int k = 0; k < j; ++k) rest -= column[k] * column[k];
    if (!(rest > 0)) return j + 1;
    column[j] = std::sqrt(rest);
  }
  return 0;
}

// A view of a matrix: element (i, j) is at[i * row + j * column].
template <class T>
struct Strided {
  T* at;
  int row, column;
  T& operator()(int i, int j) const { return at[i * row + j * column]; }
  Strided turned() const { return {at, column, row}; }
};

// a x = b, b (n, count) becoming x, from one triangle of a.
template <class T>
void triangular(bool upper, bool unit, int n, int count, Strided<const T> a, Strided<T> x) {
  for (int step = 0; step < n; ++step) {
    const int i = upper ? n - 1 - step : step, first = upper ? i + 1 : 0, last = upper ? n : i;
    for (int k = first; k < last; ++k) {
      for (int c = 0; c < count; ++c) x(i, c) -= a(i, k) * x(k, c);
    }
    if (unit) continue;
    for (int c = 0; c < count; ++c) x(i, c) /= a(i, i);
  }
}

}  // namespace deepseek::lapack::small
