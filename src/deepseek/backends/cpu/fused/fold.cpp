#include "deepseek/backends/cpu/fused/fold.h"

#include <cstring>
#include <limits>

namespace deepseek::fused {
namespace {

template <class T, ReduceKind K>
struct Combine {
  static constexpr bool floating = std::is_floating_point_v<T>;
  static constexpr bool boolean = std::is_same_v<T, uint8_t>;
  using State = std::conditional_t<floating, double, int64_t>;

  template <class S>
  static constexpr S identity() {
    if constexpr (K == ReduceKind::sum) return S(0);
    else if constexpr (K == ReduceKind::prod) return S(1);
    else if constexpr (boolean) return S(K == ReduceKind::min);
    else if constexpr (floating) return K == ReduceKind::max ? -std::numeric_limits<S>::infinity() : std::numeric_limits<S>::infinity();
    else return static_cast<S>(K == ReduceKind::max ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max());
  }

  // a = a op b, for numbers and for vectors of them (the comparison of vectors yields lanes of all ones).
  template <class V>
  static inline __attribute__((always_inline)) void into(V& a, const V& b) {
    if constexpr (boolean && (K == ReduceKind::sum || K == ReduceKind::max)) a |= b;
    else if constexpr (boolean) a &= b;
    else if constexpr (K == ReduceKind::sum) a += b;
    else if constexpr (K == ReduceKind::prod) a *= b;
    else if constexpr (!std::is_arithmetic_v<V>) {
      if constexpr (floating) {
        const auto keep = (K == ReduceKind::max ? a > b : a < b) | (a != a);
        a = keep ? a : b;
      } else {
        const auto keep = K == ReduceKind::max ? a > b : a < b;
        a = keep ? a : b;
      }
    } else {
      const V better = (K == ReduceKind::max ? a > b : a < b) ? a : b;  // b when one is NaN
      if constexpr (floating) a = a != a ? a : better;
      else a = better;
    }
  }
};

// Integers wrap.
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, int32_t>, uint32_t, std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>>;
template <class T, ReduceKind K>
using Lane = std::conditional_t<K == ReduceKind::sum || K == ReduceKind::prod, Wrapping<T>, T>;

// Four vectors of 32 bytes run side by side whatever the instruction set, so that the order of additions is the same.
template <class T, ReduceKind K>
inline __attribute__((always_inline)) T reduce_run(const T* data, int64_t n) {
  using C = Combine<T, K>;
  using L = Lane<T, K>;
  typedef L V __attribute__((vector_size(32)));
  constexpr int64_t lanes = 32 / sizeof(T), step = 4 * lanes;
  const L* x = reinterpret_cast<const L*>(data);
  L total = static_cast<L>(C::template identity<T>());
  int64_t i = 0;
  if (n >= step) {
    V a, b, c, d;
    const auto load = [](V& v, const L* p) { std::memcpy(&v, p, 32); };
    load(a, x), load(b, x + lanes), load(c, x + 2 * lanes), load(d, x + 3 * lanes);
    for (i = step; i + step <= n; i += step) {
      V p, q, r, s;
      load(p, x + i), load(q, x + i + lanes), load(r, x + i + 2 * lanes), load(s, x + i + 3 * lanes);
      C::into(a, p), C::into(b, q), C::into(c, r), C::into(d, s);
    }
    for (; i + lanes <= n; i += lanes) {
      V p;
      load(p, x + i);
      C::into(a, p);
    }
    C::into(a, b), C::into(c, d), C::into(a, c);
    L part[lanes];
    std::memcpy(part, &a, 32);
    for (int64_t width = lanes / 2; width > 0; width /= 2) {
      for (int64_t l = 0; l < width; ++l) C::into(part[l], part[l + width]);
    }
    total = part[0];
  }
  for (; i < n; ++i) C::into(total, x[i]);
  return static_cast<T>(total);
}

template <class T, ReduceKind K>
inline __attribute__((always_inline)) void rows_loop(void* state, const void* x, int64_t rows, int64_t length) {
  using C = Combine<T, K>;
  using State = typename C::State;
  using S = Lane<State, K>;
  auto* s = static_cast<S*>(state);
  auto* p = static_cast<const T*>(x);
  for (int64_t r = 0; r < rows; ++r) C::into(s[r], static_cast<S>(static_cast<State>(reduce_run<T, K>(p + r * length, length))));
}
template <class T, ReduceKind K>
inline __attribute__((always_inline)) void columns_loop(void* acc, const void* x, int64_t n) {
  using L = Lane<T, K>;
  auto* a = static_cast<L*>(acc);
  auto* p = static_cast<const L*>(x);
  DEEPSEEK_IVDEP
  DEEPSEEK_UNROLL
  for (int64_t i = 0; i < n; ++i) {
    L value = a[i];
    Combine<T, K>::into(value, p[i]);
    a[i] = value;
  }
}

template <class T, ReduceKind K>
void rows_baseline(void* s, const void* x, int64_t r, int64_t n) { rows_loop<T, K>(s, x, r, n); }
template <class T, ReduceKind K>
DEEPSEEK_TARGET_AVX2 void rows_avx2(void* s, const void* x, int64_t r, int64_t n) { rows_loop<T, K>(s, x, r, n); }
template <class T, ReduceKind K>
DEEPSEEK_TARGET_AVX512 void rows_avx512(void* s, const void* x, int64_t r, int64_t n) { rows_loop<T, K>(s, x, r, n); }
template <class T, ReduceKind K>
void columns_baseline(void* a, const void* x, int64_t n) { columns_loop<T, K>(a, x, n); }
template <class T, ReduceKind K>
DEEPSEEK_TARGET_AVX2 void columns_avx2(void* a, const void* x, int64_t n) { columns_loop<T, K>(a, x, n); }
template <class T, ReduceKind K>
DEEPSEEK_TARGET_AVX512 void columns_avx512(void* a, const void* x, int64_t n) { columns_loop<T, K>(a, x, n); }

template <class T, ReduceKind K>
constexpr Fold make_fold() {
  using C = Combine<T, K>;
  using State = typename C::State;
  using S = Lane<State, K>;
  Fold f{};
  f.start = [](void* state, int64_t n) {
    for (int64_t i = 0; i < n; ++i) static_cast<State*>(state)[i] = C::template identity<State>();
  };
  f.rows[0] = &rows_baseline<T, K>, f.rows[1] = &rows_avx2<T, K>, f.rows[2] = &rows_avx512<T, K>;
  f.columns[0] = &columns_baseline<T, K>, f.columns[1] = &columns_avx2<T, K>, f.columns[2] = &columns_avx512<T, K>;
  f.start_columns = [](void* acc, int64_t n) {
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(acc)[i] = C::template identity<T>();
  };
  f.flush = [](void* state, const void* acc, int64_t n, int64_t repeats) {
    auto* s = static_cast<S*>(state);
    auto* a = static_cast<const T*>(acc);
    for (int64_t j = 0; j < repeats; ++j) {
      for (int64_t i = 0; i < n; ++i) C::into(s[i], static_cast<S>(static_cast<State>(a[j * n + i])));
    }
  };
  f.merge = [](void* state, const void* other, int64_t n) {
    for (int64_t i = 0; i < n; ++i) C::into(static_cast<S*>(state)[i], static_cast<const S*>(other)[i]);
  };
  f.finish = [](void* out, const void* state, int64_t n) {
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = static_cast<T>(static_cast<const State*>(state)[i]);
  };
  return f;
}

template <class T>
constexpr Fold folds[4] = {make_fold<T, ReduceKind::sum>(), make_fold<T, ReduceKind::prod>(), make_fold<T, ReduceKind::max>(),
                           make_fold<T, ReduceKind::min>()};

}  // namespace

const Fold& fold_of(ReduceKind kind, DType type) {
  const int k = static_cast<int>(kind);
  switch (type) {
    case DType::bool_: return folds<uint8_t>[k];
    case DType::int32: return folds<int32_t>[k];
    case DType::int64: return folds<int64_t>[k];
    case DType::float32: return folds<float>[k];
    default: return folds<double>[k];
  }
}

}  // namespace deepseek::fused
