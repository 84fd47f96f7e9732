// Block kernels: one pointwise operation over an L1-sized run of elements, compiled for each instruction set.
//
// An op states its arithmetic once, as a template over the lane type; lane_op<F, Types...>() instantiates the loops.
//   struct Hypot { template <class T> static T lane(T a, T b) { return std::sqrt(a * a + b * b); } };
//   inline constexpr const LaneOp& op = lane_op<Hypot, Floating>;
#pragma once
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "deepseek/tensor/dtype.h"

namespace deepseek::fused {

inline constexpr int block_size = 512;  // elements in a register of the block interpreter

enum class Isa : uint8_t { baseline, avx2, avx512 };
inline constexpr int isa_count = 3;
Isa best_isa();             // what this machine runs; DEEPSEEK_ISA=baseline|avx2|avx512 lowers it
void set_isa(Isa);          // tests exercise each path; never above what the machine has
Isa current_isa();

// out[i] = lane(in[0][i], in[1][i], ...) for i < n. Register blocks are 64-byte aligned or user memory.
using BlockFn = void (*)(void* out, const void* const* in, int64_t n);

struct LaneOp {
  int arity = 0;
  // Per compute type (index = DType of the last operand; only bool_, int32, int64, float32, float64 are ever filled).
  struct Entry {
    BlockFn fn[isa_count] = {};
    DType result = DType::bool_;
  };
  Entry entries[dtype_count];
  bool supports(DType t) const { return entries[static_cast<int>(t)].fn[0] != nullptr; }
};

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"  // lanes that call the C library do not vectorise
#define DEEPSEEK_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#define DEEPSEEK_UNROLL
#define DEEPSEEK_WIDE_VECTORS  // clang has no such target string and ignores attributes that name it
#else
#define DEEPSEEK_IVDEP _Pragma("GCC ivdep")
#define DEEPSEEK_UNROLL _Pragma("GCC unroll 4")
#define DEEPSEEK_WIDE_VECTORS ",prefer-vector-width=512"
#endif

#if defined(__x86_64__)
#define DEEPSEEK_TARGET_AVX2 __attribute__((target("avx2,fma,f16c,bmi,bmi2"), flatten))
#define DEEPSEEK_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2" DEEPSEEK_WIDE_VECTORS), flatten))
#else
#define DEEPSEEK_TARGET_AVX2
#define DEEPSEEK_TARGET_AVX512
#endif

namespace detail {

// The C++ type of a lane argument: bool lanes are bytes holding 0 or 1.
template <class T>
using Cell = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

// F may mark leading operands as conditions (`static constexpr int conditions = 1`): these are bool whatever T is.
template <class F>
constexpr int conditions_of() {
  if constexpr (requires { F::conditions; }) return F::conditions;
  return 0;
}

template <class F, class T, int I>
using Argument = std::conditional_t<(I < conditions_of<F>()), bool, T>;

template <class F, class T, size_t... I>
constexpr bool callable(std::index_sequence<I...>) {
  return requires(T t) { F::template lane<T>(static_cast<Argument<F, T, I>>(t)...); };
}
template <class F, class T>
constexpr int arity_of() {
  if constexpr (callable<F, T>(std::make_index_sequence<1>{})) return 1;
  else if constexpr (callable<F, T>(std::make_index_sequence<2>{})) return 2;
  else if constexpr (callable<F, T>(std::make_index_sequence<3>{})) return 3;
  else return 4;
}

template <class F, class T, size_t... I>
inline __attribute__((always_inline)) void loop(void* out, const void* const* in, int64_t n, std::index_sequence<I...>) {
  using R = decltype(F::template lane<T>(std::declval<Argument<F, T, I>>()...));
  auto* o = static_cast<Cell<R>*>(out);
  const std::tuple p{static_cast<const Cell<Argument<F, T, I>>*>(in[I])...};
  DEEPSEEK_IVDEP  // and `out` may be one of the inputs
  DEEPSEEK_UNROLL
  for (int64_t i = 0; i < n; ++i) {
    o[i] = static_cast<Cell<R>>(F::template lane<T>(static_cast<Argument<F, T, I>>(std::get<I>(p)[i])...));
  }
}

template <class F, class T, int N>
void block_baseline(void* out, const void* const* in, int64_t n) {
  loop<F, T>(out, in, n, std::make_index_sequence<N>{});
}
template <class F, class T, int N>
DEEPSEEK_TARGET_AVX2 void block_avx2(void* out, const void* const* in, int64_t n) {
  loop<F, T>(out, in, n, std::make_index_sequence<N>{});
}
template <class F, class T, int N>
DEEPSEEK_TARGET_AVX512 void block_avx512(void* out, const void* const* in, int64_t n) {
  loop<F, T>(out, in, n, std::make_index_sequence<N>{});
}

template <class F, class T, size_t... I>
constexpr DType result_of(std::index_sequence<I...>) {
  return dtype_of<decltype(F::template lane<T>(std::declval<Argument<F, T, I>>()...))>;
}

}  // namespace detail

// Which lane types an op has.
template <class... T>
struct Types {};
using Floating = Types<float, double>;
using Numeric = Types<float, double, int32_t, int64_t>;
using Integral = Types<int32_t, int64_t>;
using IntegralAndBool = Types<bool, int32_t, int64_t>;
using AllTypes = Types<bool, int32_t, int64_t, float, double>;

template <class F, class... T>
constexpr LaneOp make_lane_op(Types<T...>) {
  LaneOp op;
  ((op.arity = detail::arity_of<F, T>(),
    op.entries[static_cast<int>(dtype_of<T>)] = {
        {&detail::block_baseline<F, T, detail::arity_of<F, T>()>, &detail::block_avx2<F, T, detail::arity_of<F, T>()>,
         &detail::block_avx512<F, T, detail::arity_of<F, T>()>},
        detail::result_of<F, T>(std::make_index_sequence<detail::arity_of<F, T>()>{})}),
   ...);
  return op;
}

template <class F, class TypeList>
inline constexpr LaneOp lane_op = make_lane_op<F>(TypeList{});

}  // namespace deepseek::fused
