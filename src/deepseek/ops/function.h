// Public functions: one definition gives the C++ function, the Python function with signature and docstring, the reference
// page and the tests.
//
//   DEEPSEEK_FUNCTION(Tensor, softmax, (const Tensor& input, int64_t dim DEFAULT(-1)),
//                     "Exponentials of `input` scaled so that each line along `dim` sums to one.")
//   {
//     return apply(Softmax{.dim = wrap_dim(dim, input.rank(), "softmax")}, input);
//   }
//   DEEPSEEK_FACTS(softmax, .reference = "scipy.special.softmax(input, axis=dim)",
//                  .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1"}, .bad = {"randn(2), dim=7"});
//
// Functions return Tensor, TensorList (a tuple in Python) or Result (one of the two, depending on the arguments).
// tools/generate_ops.py collects the signatures into deepseek/ops.h and the table of records.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "deepseek/ops/types.h"

namespace deepseek {

using Argument = std::variant<std::monostate, Tensor, TensorList, int64_t, double, bool, std::string, DType, Dims, Padding, Sections>;

enum class ParamKind : uint8_t { tensor, tensors, integer, number, boolean, string, dtype, ints, padding, order, sections };

struct FunctionFacts {
  // Where Python shows it besides the top level: "method", "functional", "linalg", "special"; "hidden" for internals.
  // A function named linalg_f with "linalg" stands there alone, as deepseek.linalg.f (C++: linalg::f).
  std::vector<std::string_view> in = {};
  std::string_view reference = {};           // a numpy/scipy expression over the parameter names: the independent judge
  std::vector<std::string_view> good = {};   // argument lists in Python syntax; randn(2, 3), ints(4, 5, high=3), ...
  std::vector<std::string_view> bad = {};    // argument lists that must be refused
  bool check_grad = true;                    // finite differences on every good sample with floating inputs
  double tolerance = 0;                      // 0: the default for the dtype
};

struct FunctionEntry {
  std::string_view name;
  std::string_view params;  // the text of the signature, e.g. "(const Tensor& input, int64_t dim DEFAULT(-1))"
  std::string_view doc;
  std::vector<ParamKind> kinds;
  std::vector<bool> optional;  // parameter is a std::optional
  Result (*call)(std::span<Argument>);
};

struct FunctionRecord {
  const FunctionEntry* entry;
  const FunctionFacts* facts;  // null when none are stated
};

// All public functions, generated from the sources.
std::span<const FunctionRecord> all_functions();

namespace detail {

template <class T>
struct Param;
#define DEEPSEEK_PARAM(type, kind_)                                                       \
  template <>                                                                             \
  struct Param<type> {                                                                    \
    static constexpr ParamKind kind = ParamKind::kind_;                                   \
    static constexpr bool optional = false;                                               \
    static const type& get(const Argument& a) { return std::get<type>(a); }               \
  };
DEEPSEEK_PARAM(Tensor, tensor)
DEEPSEEK_PARAM(TensorList, tensors)
DEEPSEEK_PARAM(int64_t, integer)
DEEPSEEK_PARAM(double, number)
DEEPSEEK_PARAM(bool, boolean)
DEEPSEEK_PARAM(std::string, string)
DEEPSEEK_PARAM(DType, dtype)
DEEPSEEK_PARAM(Dims, ints)
DEEPSEEK_PARAM(Padding, padding)
DEEPSEEK_PARAM(Sections, sections)
#undef DEEPSEEK_PARAM
template <>
struct Param<Order> {
  static constexpr ParamKind kind = ParamKind::order;
  static constexpr bool optional = false;
  static Order get(const Argument& a) {  // comes as a number or a string
    if (const std::string* word = std::get_if<std::string>(&a)) return *word;
    return std::get<double>(a);
  }
};
template <>
struct Param<OptionalDims> {
  static constexpr ParamKind kind = ParamKind::ints;
  static constexpr bool optional = true;
  static OptionalDims get(const Argument& a) { return std::holds_alternative<std::monostate>(a) ? OptionalDims() : OptionalDims(std::get<Dims>(a)); }
};
template <class T>
struct Param<std::optional<T>> {
  static constexpr ParamKind kind = Param<T>::kind;
  static constexpr bool optional = true;
  static std::optional<T> get(const Argument& a) {
    if (std::holds_alternative<std::monostate>(a)) return std::nullopt;
    return Param<T>::get(a);
  }
};

template <auto F>
struct Adapter;
template <class R, class... P, R (*F)(P...)>
struct Adapter<F> {
  template <size_t... I>
  static Result call_with(std::span<Argument> a, std::index_sequence<I...>) {
    return Result(F(Param<std::decay_t<P>>::get(a[I])...));
  }
  static Result call(std::span<Argument> a) { return call_with(a, std::index_sequence_for<P...>{}); }
  static FunctionEntry entry(std::string_view name, std::string_view params, std::string_view doc) {
    return {name, params, doc, {Param<std::decay_t<P>>::kind...}, {Param<std::decay_t<P>>::optional...}, &call};
  }
};

}  // namespace detail
}  // namespace deepseek

#define DEFAULT(...)

#define DEEPSEEK_FUNCTION(ret, name, params, doc)                                                                        \
  ret name params;                                                                                                       \
  extern const FunctionEntry function_entry_##name;                                                                      \
  const FunctionEntry function_entry_##name =                                                                            \
      ::deepseek::detail::Adapter<&name>::entry(#name, #params, doc);                                                    \
  ret name params

#define DEEPSEEK_FACTS(name, ...)                       \
  extern const FunctionFacts function_facts_##name;     \
  const FunctionFacts function_facts_##name = {__VA_ARGS__}
