// Decompositions into singular values and eigenvalues, of matrices stored by columns. False: the iteration did not
// converge.
#pragma once
#include <cstdint>

namespace deepseek::lapack {

// a = u diag(s) vt with a (m, n) destroyed; u and vt are left out when null, square with `full`.
template <class T>
bool svd(int m, int n, T* a, T* s, T* u, T* vt, bool full);

// Ascending eigenvalues of a symmetric matrix, of which one triangle ('U', 'L') is read; `a` becomes the vectors, if
// wanted.
template <class T>
bool eigh(int n, char triangle, T* a, T* values, bool vectors);

// x = det(u) det(vt) u diag(product of the other singular values) vt: the cofactors of a, which may be singular.
template <class T>
void cofactors(int n, const T* a, T* x);

}  // namespace deepseek::lapack
