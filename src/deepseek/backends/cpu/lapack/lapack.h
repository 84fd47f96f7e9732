// LAPACK and BLAS by element type, one thread each: parallel work is cut by us, so that results do not depend on the
// number of threads. The library (OpenBLAS of the package scipy-openblas32) is opened at the first use: loading it
// takes longer than importing all of deepseek.
#pragma once
#include <cstdint>

namespace deepseek::lapack {

// Values of the C interfaces of BLAS and LAPACK.
inline constexpr int by_rows = 101, by_columns = 102, plain = 111, transposed = 112, upper = 121, lower = 122,
                     non_unit = 131, unit = 132, left = 141, right = 142;

template <class T>
struct Routines {
  void (*gemm)(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b,
               int ldb, T beta, T* c, int ldc);
  void (*trsm)(int order, int side, int uplo, int trans, int diag, int m, int n, T alpha, const T* a, int lda, T* b,
               int ldb);
  int (*getrf)(int order, int m, int n, T* a, int lda, int* pivots);
  int (*getrs)(int order, char trans, int n, int count, const T* a, int lda, const int* pivots, T* b, int ldb);
  int (*laswp)(int order, int n, T* a, int lda, int first, int last, const int* pivots, int step);
  int (*potrf)(int order, char uplo, int n, T* a, int lda);
  int (*geqrf)(int order, int m, int n, T* a, int lda, T* tau, T* work, int lwork);
  int (*orgqr)(int order, int m, int n, int k, T* a, int lda, const T* tau, T* work, int lwork);
  int (*larft)(int order, char direct, char stored, int n, int k, const T* v, int ldv, const T* tau, T* t, int ldt);
  int (*larfb)(int order, char side, char trans, char direct, char stored, int m, int n, int k, const T* v, int ldv,
               const T* t, int ldt, T* c, int ldc, T* work, int ldwork);
  int (*gesdd)(int order, char job, int m, int n, T* a, int lda, T* s, T* u, int ldu, T* vt, int ldvt, T* work,
               int lwork, int* iwork);
  int (*syevd)(int order, char job, char uplo, int n, T* a, int lda, T* w, T* work, int lwork, int* iwork, int liwork);
  int (*sytrd)(int order, char uplo, int n, T* a, int lda, T* d, T* e, T* tau, T* work, int lwork);
  int (*stedc)(int order, char vectors, int n, T* d, T* e, T* z, int ldz, T* work, int lwork, int* iwork, int liwork);
  int (*ormtr)(int order, char side, char uplo, char trans, int m, int n, const T* a, int lda, const T* tau, T* c,
               int ldc, T* work, int lwork);
  int (*sytrf)(int order, char uplo, int n, T* a, int lda, int* pivots, T* work, int lwork);
  int (*sytrs)(int order, char uplo, int n, int count, const T* a, int lda, const int* pivots, T* b, int ldb);
  int (*gels)(int order, char trans, int m, int n, int count, T* a, int lda, T* b, int ldb, T* work, int lwork);
  int (*gelsy)(int order, int m, int n, int count, T* a, int lda, T* b, int ldb, int* columns, T rcond, int* rank,
               T* work, int lwork);
  int (*gelss)(int order, int m, int n, int count, T* a, int lda, T* b, int ldb, T* s, T rcond, int* rank, T* work,
               int lwork);
  int (*gelsd)(int order, int m, int n, int count, T* a, int lda, T* b, int ldb, T* s, T rcond, int* rank, T* work,
               int lwork, int* iwork);
};

// Raises a user error that says how to install the library when it is not found.
template <class T>
const Routines<T>& routines();

}  // namespace deepseek::lapack
