// Factorisations of matrices stored by columns that are large enough for several threads. Columns are cut into bands by
// size only, each band is a call of the library. Small matrices are one call.
#pragma once
#include <memory>

#include "deepseek/backends/cpu/lapack/lapack.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::lapack {

inline constexpr int band = 128;         // columns that one call works on
inline constexpr int worth_bands = 256;  // smaller matrices are one call

template <class T>
std::unique_ptr<T[]> scratch(int64_t n) {
  return std::unique_ptr<T[]>(new T[static_cast<size_t>(n)]);
}

// body(first, width) for the bands of n columns.
template <class F>
void for_bands(int n, F&& body) {
  parallel_for(n, band,
               [&](int64_t begin, int64_t end) { body(static_cast<int>(begin), static_cast<int>(end - begin)); });
}

// The same where the work of a band grows or shrinks along the columns: opposite bands share a part.
template <class F>
void for_uneven_bands(int n, F&& body) {
  const int count = (n + band - 1) / band;
  parallel_for((count + 1) / 2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (const int64_t b : {i, count - 1 - i}) {
        const int first = static_cast<int>(b) * band;
        body(first, std::min(band, n - first));
        if (count - 1 - i == i) break;
      }
    }
  });
}

// Each returns LAPACK's `info`: 0, or the number of the failing pivot or minor, counted from 1.
template <class T>
int lu(int m, int n, T* a, int* pivots);
// b becomes a^-1 b, or the transposed a^-T b, from the factors of lu.
template <class T>
void lu_solve(bool transpose, int n, int count, const T* factors, const int* pivots, T* b);
// The upper triangle of a becomes U with a = U^T U.
template <class T>
int cholesky(int n, T* a);
// Householder vectors and R in a (m, n), their factors in tau.
template <class T>
void qr(int m, int n, T* a, T* tau);
// The first k columns of Q in q, from `count` reflectors in a (m, count).
template <class T>
void q_of(int m, int k, int count, const T* a, const T* tau, T* q);
// Triangular solve of a matrix x (m, n) stored by rows.
template <class T>
void triangular(int side, int uplo, int trans, int diag, int m, int n, const T* a, T* x);
template <class T>
void multiply(int m, int n, int k, const T* a, const T* b, T* c);

}  // namespace deepseek::lapack
