// Scaling and squaring: N. Higham, "The scaling and squaring method for the matrix exponential revisited" (2005).
#include "deepseek/backends/cpu/lapack/exponential.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "deepseek/backends/cpu/lapack/blocked.h"

namespace deepseek::lapack {
namespace {

// The largest norm for which the Pade approximant of a degree is exact to the precision (Higham, tables 2.3 and 2.1).
struct Degree {
  int degree;
  double norm;
};
template <class T>
constexpr std::array<Degree, sizeof(T) == 4 ? 3 : 5> degrees() {
  if constexpr (sizeof(T) == 4)
    return {{{3, 4.258730016922831e-1}, {5, 1.880152677804762}, {7, 3.925724783138660}}};
  else
    return {{{3, 1.495585217958292e-2},
             {5, 2.539398330063230e-1},
             {7, 9.504178996162932e-1},
             {9, 2.097847961257068},
             {13, 5.371920351148152}}};
}

template <class T>
using Matrix = std::vector<T>;

template <class T>
struct Pade {
  int n;
  std::vector<double> b;  // coefficients of the numerator

  Pade(int size, int degree) : n(size), b(static_cast<size_t>(degree) + 1) {
    b[0] = 1;
    for (int k = 1; k <= degree; ++k)
      b[static_cast<size_t>(k)] = b[static_cast<size_t>(k) - 1] * (degree - k + 1) / (double(k) * (2 * degree - k + 1));
  }
  Matrix<T> times(const Matrix<T>& x, const Matrix<T>& y) const {
    Matrix<T> out(x.size());
    multiply(n, n, n, x.data(), y.data(), out.data());
    return out;
  }
  // sum of b[first + 2 k] powers[k], where powers[0] is the identity.
  Matrix<T> sum(size_t first, size_t count, const std::vector<Matrix<T>>& powers) const {
    Matrix<T> out(powers[1].size(), T{0});
    for (int d = 0; d < n; ++d) out[static_cast<size_t>(d) * (static_cast<size_t>(n) + 1)] = static_cast<T>(b[first]);
    for (size_t k = 1; k < count; ++k) {
      const T factor = static_cast<T>(b[first + 2 * k]);
      for (size_t i = 0; i < out.size(); ++i) out[i] += factor * powers[k][i];
    }
    return out;
  }
  // The odd part without its factor a, and the even part.
  std::pair<Matrix<T>, Matrix<T>> parts(const Matrix<T>& a) const {
    std::vector<Matrix<T>> powers{{}, times(a, a)};
    const size_t degree = b.size() - 1;
    for (size_t k = 2; k <= std::min<size_t>(degree, 9) / 2 && (degree != 13 || k <= 3); ++k)
      powers.push_back(times(powers[k - 1], powers[1]));
    if (degree != 13) return {sum(1, powers.size(), powers), sum(0, powers.size(), powers)};
    // Degree 13 in six products: the upper terms have the factor a^6.
    const auto part = [&](size_t first) {
      Matrix<T> upper(a.size());
      for (size_t i = 0; i < a.size(); ++i) {
        upper[i] = static_cast<T>(b[first + 8]) * powers[1][i] + static_cast<T>(b[first + 10]) * powers[2][i] +
                   static_cast<T>(b[first + 12]) * powers[3][i];
      }
      Matrix<T> out = times(powers[3], upper);
      const Matrix<T> low = sum(first, 4, powers);
      for (size_t i = 0; i < a.size(); ++i) out[i] += low[i];
      return out;
    };
    return {part(1), part(0)};
  }
};

template <class T>
double norm_1(int n, const T* a) {
  double most = 0;
  for (int c = 0; c < n; ++c) {
    double total = 0;
    for (int r = 0; r < n; ++r) total += std::abs(static_cast<double>(a[static_cast<int64_t>(c) * n + r]));
    most = std::max(most, total);
  }
  return most;
}

}  // namespace

template <class T>
void exponential(int n, const T* a, T* x) {
  if (n == 0) return;
  const auto all = degrees<T>();
  const double norm = norm_1(n, a);
  const auto* found = std::find_if(all.begin(), all.end(), [&](const Degree& d) { return norm <= d.norm; });
  const bool scaled = found == all.end();
  if (scaled) --found;
  const int squarings = scaled ? std::max(0, std::ilogb(norm / found->norm) + 1) : 0;
  Matrix<T> own(a, a + static_cast<int64_t>(n) * n);
  for (T& v : own) v = std::ldexp(v, -squarings);
  const Pade<T> pade(n, found->degree);
  auto [odd, even] = pade.parts(own);
  odd = pade.times(own, odd);
  for (size_t i = 0; i < odd.size(); ++i) {
    own[i] = even[i] + odd[i];
    even[i] -= odd[i];
  }
  std::vector<int> pivots(static_cast<size_t>(n));
  lu(n, n, even.data(), pivots.data());
  lu_solve(false, n, n, even.data(), pivots.data(), own.data());
  for (int i = 0; i < squarings; ++i) own = pade.times(own, own);
  std::copy(own.begin(), own.end(), x);
}

template void exponential(int, const float*, float*);
template void exponential(int, const double*, double*);

}  // namespace deepseek::lapack
