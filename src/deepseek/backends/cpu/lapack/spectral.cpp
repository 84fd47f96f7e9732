#include "deepseek/backends/cpu/lapack/spectral.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "deepseek/backends/cpu/lapack/blocked.h"

namespace deepseek::lapack {
namespace {

template <class T>
void set_identity(int n, T* a) {
  std::fill_n(a, int64_t{n} * n, T{0});
  for (int i = 0; i < n; ++i) a[int64_t{i} * n + i] = 1;
}

// The reflectors of the tridiagonal form are applied to bands of the vectors, on several threads.
template <class T>
bool eigh_large(int n, char triangle, T* a, T* values) {
  const Routines<T>& r = routines<T>();
  const int lwork = 1 + 4 * n + n * n, liwork = 3 + 5 * n, own_work = band * 64;
  const auto e = scratch<T>(n), tau = scratch<T>(n), z = scratch<T>(int64_t{n} * n), work = scratch<T>(lwork);
  const auto iwork = scratch<int>(liwork);
  r.sytrd(by_columns, triangle, n, a, n, values, e.get(), tau.get(), work.get(), lwork);
  if (r.stedc(by_columns, 'I', n, values, e.get(), z.get(), n, work.get(), lwork, iwork.get(), liwork) != 0)
    return false;
  for_bands(n, [&](int first, int width) {
    const auto own = scratch<T>(own_work);
    r.ormtr(by_columns, 'L', triangle, 'N', n, width, a, n, tau.get(), z.get() + int64_t{first} * n, n, own.get(),
            own_work);
  });
  std::copy_n(z.get(), int64_t{n} * n, a);
  return true;
}

// Multiplied by a power of two, so that squares neither overflow nor vanish; returns what undoes it.
template <class T>
T bring_into_range(int n, T* a) {
  T largest = 0;
  for (int64_t i = 0; i < int64_t{n} * n; ++i)
    largest = std::isfinite(a[i]) ? std::max(largest, std::abs(a[i])) : largest;
  const T high = std::sqrt(std::numeric_limits<T>::max()) / 1024, low = 1024 * std::sqrt(std::numeric_limits<T>::min());
  if (largest == 0 || (largest > low && largest < high)) return 1;
  const int exponent = std::ilogb(largest);
  for (int64_t i = 0; i < int64_t{n} * n; ++i) a[i] = std::ldexp(a[i], -exponent);
  return std::ldexp(T{1}, exponent);
}

// The sign of the determinant of an orthogonal matrix, which is destroyed.
template <class T>
T orientation(int n, T* q) {
  const auto pivots = scratch<int>(n);
  lu(n, n, q, pivots.get());
  T sign = 1;
  for (int d = 0; d < n; ++d)
    sign *= (q[int64_t{d} * n + d] < 0) == (pivots[static_cast<size_t>(d)] == d + 1) ? T{-1} : T{1};
  return sign;
}

}  // namespace

template <class T>
bool svd(int m, int n, T* a, T* s, T* u, T* vt, bool full) {
  const int k = std::min(m, n), large = std::max(m, n), vt_rows = full ? n : k;
  if (k == 0) {
    if (u && full) set_identity(m, u);
    if (vt && full) set_identity(n, vt);
    return true;
  }
  const Routines<T>& r = routines<T>();
  const char job = !u ? 'N' : full ? 'A' : 'S';
  const auto iwork = scratch<int>(8 * k);
  // To ask for the best size of the workspace takes longer than to decompose a small matrix.
  int lwork = job == 'N' ? 3 * k + std::max(large, 7 * k) : 4 * k * k + 7 * k + large;
  if (k > 32) {
    T best;
    r.gesdd(by_columns, job, m, n, a, m, s, u, m, vt, vt_rows, &best, -1, iwork.get());
    lwork = std::max(lwork, static_cast<int>(best));
  }
  const auto work = scratch<T>(lwork);
  return r.gesdd(by_columns, job, m, n, a, m, s, u, m, vt, vt_rows, work.get(), lwork, iwork.get()) == 0;
}

template <class T>
bool eigh(int n, char triangle, T* a, T* values, bool vectors) {
  if (n == 0) return true;
  if (vectors && n >= worth_bands) {
    const T factor = bring_into_range(n, a);
    const bool found = eigh_large(n, triangle, a, values);
    for (int i = 0; i < n && factor != 1; ++i) values[i] *= factor;
    return found;
  }
  const int lwork = vectors ? 1 + 6 * n + 2 * n * n : std::max(2 * n + 1, n * 40), liwork = vectors ? 3 + 5 * n : 1;
  const auto work = scratch<T>(lwork);
  const auto iwork = scratch<int>(liwork);
  return routines<T>().syevd(by_columns, vectors ? 'V' : 'N', triangle, n, a, n, values, work.get(), lwork, iwork.get(),
                             liwork) == 0;
}

template <class T>
void cofactors(int n, const T* a, T* x) {
  const int64_t size = int64_t{n} * n;
  const auto own = scratch<T>(size), u = scratch<T>(size), vt = scratch<T>(size), s = scratch<T>(n),
             others = scratch<T>(n);
  std::copy_n(a, size, own.get());
  svd(n, n, own.get(), s.get(), u.get(), vt.get(), true);
  for (int i = 0; i < n; ++i) {
    others[static_cast<size_t>(i)] = 1;
    for (int j = 0; j < n; ++j) others[static_cast<size_t>(i)] *= j == i ? T{1} : s[static_cast<size_t>(j)];
  }
  std::copy_n(u.get(), size, own.get());
  T sign = orientation(n, own.get());
  std::copy_n(vt.get(), size, own.get());
  sign *= orientation(n, own.get());
  for (int64_t i = 0; i < size; ++i) u[static_cast<size_t>(i)] *= sign * others[static_cast<size_t>(i / n)];
  multiply(n, n, n, u.get(), vt.get(), x);
}

#define DEEPSEEK_INSTANTIATE(T)                      \
  template bool svd(int, int, T*, T*, T*, T*, bool); \
  template bool eigh(int, char, T*, T*, bool);       \
  template void cofactors(int, const T*, T*);
DEEPSEEK_INSTANTIATE(float)
DEEPSEEK_INSTANTIATE(double)
#undef DEEPSEEK_INSTANTIATE

}  // namespace deepseek::lapack
