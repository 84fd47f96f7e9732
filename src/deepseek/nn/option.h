// A layer's options: one struct whose fields are also Python's keyword arguments, attributes and repr.
//
//   struct LinearOptions {
//     int64_t out_features = 0;
//     bool bias = true;
//     static constexpr auto fields = std::tuple{field("out_features", &LinearOptions::out_features, required),
//                                               field("bias", &LinearOptions::bias)};
//   };
#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "deepseek/ops/function.h"

namespace deepseek::nn {

// Sizes per spatial dim; one number stands for all of them.
struct Sizes {
  Sizes() = default;
  Sizes(int64_t n) : dims{n} {}
  Sizes(int n) : dims{n} {}
  Sizes(Dims d) : dims(d) {}
  Sizes(std::initializer_list<int64_t> d) : dims(d) {}
  bool empty() const { return dims.empty(); }
  Dims dims;
};
// n numbers from one or n; `what` names them in the error.
Dims spread(const Sizes& sizes, int n, std::string_view layer, std::string_view what, int64_t least = 1);

enum FieldUse : uint8_t { plain, required, keyword_only };

template <class O, class T>
struct Field {
  std::string_view name;
  T O::*member;
  FieldUse use;
};
template <class O, class T>
constexpr Field<O, T> field(std::string_view name, T O::*member, FieldUse use = plain) {
  return {name, member, use};
}

// What a binding needs to know of one option.
struct OptionInfo {
  std::string_view name;
  ParamKind kind;
  bool optional;
  FieldUse use;
  Argument value;  // the default
};

using Options = std::vector<std::pair<std::string_view, Argument>>;

namespace detail {

inline Argument to_argument(const Sizes& s) { return s.dims; }
template <class T>
Argument to_argument(const T& v) {
  return v;
}
template <class T>
Argument to_argument(const std::optional<T>& v) {
  return v ? Argument(*v) : Argument();
}

template <class T>
void assign(T& to, const Argument& a) {
  to = deepseek::detail::Param<T>::get(a);
}
inline void assign(Sizes& to, const Argument& a) {
  to = std::holds_alternative<std::monostate>(a) ? Sizes() : Sizes(std::get<Dims>(a));
}

template <class T>
inline constexpr ParamKind kind_of = deepseek::detail::Param<T>::kind;
template <>
inline constexpr ParamKind kind_of<Sizes> = ParamKind::ints;
template <class T>
inline constexpr bool optional_of = deepseek::detail::Param<T>::optional;
template <>
inline constexpr bool optional_of<Sizes> = true;  // None: the layer's own default

}  // namespace detail

template <class O>
Options options_of(const O& o) {
  Options out;
  std::apply([&](const auto&... f) { (out.emplace_back(f.name, detail::to_argument(o.*(f.member))), ...); }, O::fields);
  return out;
}

template <class O>
std::vector<OptionInfo> describe_options() {
  std::vector<OptionInfo> out;
  const O defaults{};
  auto one = [&]<class T>(const Field<O, T>& f) {
    out.push_back({f.name, detail::kind_of<T>, detail::optional_of<T>, f.use, detail::to_argument(defaults.*(f.member))});
  };
  std::apply([&](const auto&... f) { (one(f), ...); }, O::fields);
  return out;
}

// Arguments in the order of the fields.
template <class O>
O options_from(std::span<const Argument> arguments) {
  O o{};
  size_t i = 0;
  std::apply([&](const auto&... f) { (detail::assign(o.*(f.member), arguments[i++]), ...); }, O::fields);
  return o;
}

std::string to_text(const Argument& a);  // as Python writes it
// The required ones by position, then those that differ from the default by name.
std::string option_text(const Options& options, const std::vector<OptionInfo>& info);

}  // namespace deepseek::nn
