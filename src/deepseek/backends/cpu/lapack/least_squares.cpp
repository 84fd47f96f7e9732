#include "deepseek/backends/cpu/lapack/least_squares.h"

#include <algorithm>
#include <vector>

#include "deepseek/backends/cpu/lapack/blocked.h"

namespace deepseek::lapack {

template <class T>
bool least_squares(std::string_view driver, int m, int n, int count, T* a, T* b, T* s, T rcond, int* rank) {
  const int k = std::min(m, n), lda = std::max(m, 1), ldb = std::max({m, n, 1});
  *rank = 0;
  if (k == 0 || count == 0) {
    std::fill_n(b, static_cast<int64_t>(ldb) * count, T{0});
    return true;
  }
  const Routines<T>& r = routines<T>();
  std::vector<int> integers(static_cast<size_t>(std::max(n, 1)), 0);     // gelsy: every column may be exchanged
  if (driver == "gelsd") integers.resize(static_cast<size_t>(k) * 100);  // 3 * min(m, n) * levels + 11 * min(m, n)
  const auto call = [&](T* work, int lwork) {
    if (driver == "gels") return r.gels(by_columns, 'N', m, n, count, a, lda, b, ldb, work, lwork);
    if (driver == "gelsy")
      return r.gelsy(by_columns, m, n, count, a, lda, b, ldb, integers.data(), rcond, rank, work, lwork);
    if (driver == "gelss") return r.gelss(by_columns, m, n, count, a, lda, b, ldb, s, rcond, rank, work, lwork);
    return r.gelsd(by_columns, m, n, count, a, lda, b, ldb, s, rcond, rank, work, lwork, integers.data());
  };
  T best;
  call(&best, -1);
  const int lwork = static_cast<int>(best);
  return call(scratch<T>(lwork).get(), lwork) == 0;
}

template bool least_squares(std::string_view, int, int, int, float*, float*, float*, float, int*);
template bool least_squares(std::string_view, int, int, int, double*, double*, double*, double, int*);

}  // namespace deepseek::lapack
