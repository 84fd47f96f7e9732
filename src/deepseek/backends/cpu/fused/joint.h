// Lanes that one loop computes where a program has them all: an update of several arrays is then one walk over memory, and its
// slow instructions hide behind it.
//
//   using Step = Joint<3, 0b100, Part<Mul, false, 0, 2>, Part<Add, true, 1, 3>>;  // x, y, a: y + x * a
//   const RegisterJoint<Step> registered;
#pragma once
#include <array>
#include <utility>
#include <vector>

#include "deepseek/backends/cpu/fused/code.h"

namespace deepseek::fused {

// The values of a joint are its operands, then the results of its parts in their order; `args` are numbers of values.
struct JointPart {
  const BlockFn* lane = nullptr;
  std::array<int, 4> args{};
  int arity = 0;
  bool written = false;  // the result is an output, else nobody but later parts may read it
};

struct JointLanes {
  int operands = 0;
  uint32_t uniform = 0;  // bit k: operand k is the same for all elements
  std::vector<JointPart> parts;
  std::array<JointFn, isa_count> fn{};
};

template <class F, bool Written, int... Args>
struct Part {
  using Lane = F;
  static constexpr bool written = Written;
  static constexpr int arity = sizeof...(Args);
  static constexpr std::array<int, 4> args{Args...};
  template <class T>
  static inline __attribute__((always_inline)) T compute(const T* values) {
    return F::template lane<T>(values[Args]...);
  }
};

template <int Operands, uint32_t Uniform, class... Parts>
struct Joint {
  static constexpr int outputs = (0 + ... + static_cast<int>(Parts::written));
  static constexpr size_t parts = sizeof...(Parts);
  // Which output a part's result is.
  static constexpr std::array<size_t, parts> place = [] {
    std::array<size_t, parts> found{};
    size_t part = 0, next = 0;
    ((found[part++] = Parts::written ? next++ : 0), ...);
    return found;
  }();

  template <class T, size_t... I, size_t... P>
  static inline __attribute__((always_inline)) void loop(void* const* out, const void* const* in, int64_t n,
                                                         std::index_sequence<I...>, std::index_sequence<P...>) {
    const std::array<const T*, Operands> x{static_cast<const T*>(in[I])...};
    const std::array<T, Operands> first{(Uniform >> I & 1 ? *x[I] : T(0))...};
    const std::array<T*, parts> o{static_cast<T*>(out[place[P]])...};
    DEEPSEEK_IVDEP  // an output may be one of the operands
    for (int64_t i = 0; i < n; ++i) {
      // All operands are read before anything is written.
      T values[Operands + parts] = {(Uniform >> I & 1 ? first[I] : x[I][i])...};
      ((values[Operands + P] = Parts::compute(values)), ...);
      ((Parts::written ? void(o[P][i] = values[Operands + P]) : void()), ...);
    }
  }
  static constexpr auto operand_numbers = std::make_index_sequence<Operands>{};
  static constexpr auto part_numbers = std::make_index_sequence<parts>{};
  template <class T>
  static void baseline(void* const* out, const void* const* in, int64_t n) {
    loop<T>(out, in, n, operand_numbers, part_numbers);
  }
  template <class T>
  DEEPSEEK_TARGET_AVX2 static void avx2(void* const* out, const void* const* in, int64_t n) {
    loop<T>(out, in, n, operand_numbers, part_numbers);
  }
  template <class T>
  DEEPSEEK_TARGET_AVX512 static void avx512(void* const* out, const void* const* in, int64_t n) {
    loop<T>(out, in, n, operand_numbers, part_numbers);
  }

  template <class T, class TypeList>
  static JointLanes of_type() {
    return {Operands,
            Uniform,
            {JointPart{lane_op<typename Parts::Lane, TypeList>.entries[static_cast<int>(dtype_of<T>)].fn, Parts::args, Parts::arity,
                       Parts::written}...},
            {&baseline<T>, &avx2<T>, &avx512<T>}};
  }
};

// Makes a joint known to the programs that are compiled afterwards. `TypeList` is the one of the lanes themselves.
template <class J>
struct RegisterJoint;
void register_joint(JointLanes);
template <int Operands, uint32_t Uniform, class... Parts>
struct RegisterJoint<Joint<Operands, Uniform, Parts...>> {
  using J = Joint<Operands, Uniform, Parts...>;
  RegisterJoint() {
    register_joint(J::template of_type<float, Floating>());
    register_joint(J::template of_type<double, Floating>());
  }
};

}  // namespace deepseek::fused
