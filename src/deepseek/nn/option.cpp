#include "deepseek/nn/option.h"

#include <charconv>

namespace deepseek::nn {

Dims spread(const Sizes& sizes, int n, std::string_view layer, std::string_view what, int64_t least) {
  ensure(sizes.dims.size() == 1 || sizes.dims.size() == n, layer, ": ", what, " must be one number or ", n, " numbers, but is ",
         to_string(sizes.dims));
  Dims out = sizes.dims.size() == n ? sizes.dims : Dims::filled(n, sizes.dims[0]);
  for (int64_t v : out) ensure(v >= least, layer, ": ", what, " must be at least ", least, ", but is ", to_string(sizes.dims));
  return out;
}

std::string to_text(const Argument& a) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(const Tensor&) const { return "<tensor>"; }
    std::string operator()(const TensorList&) const { return "<tensors>"; }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      char buffer[32];
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
      std::string s(buffer, end);
      return s.find_first_of(".en") == std::string::npos ? s + ".0" : s;
    }
    std::string operator()(bool v) const { return v ? "True" : "False"; }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(DType v) const { return std::string(name_of(v)); }
    std::string operator()(const Dims& v) const { return v.size() == 1 ? std::to_string(v[0]) : to_string(v); }
    std::string operator()(const Padding& v) const { return v.mode.empty() ? (*this)(v.sizes) : "'" + v.mode + "'"; }
    std::string operator()(const Sections& v) const { return v.number ? std::to_string(*v.number) : concat("<", v.list.size(), " ints>"); }
  };
  return std::visit(Visitor(), a);
}

std::string option_text(const Options& options, const std::vector<OptionInfo>& info) {
  std::string out;
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string text = to_text(options[i].second);
    if (info[i].use != required && text == to_text(info[i].value)) continue;
    if (!out.empty()) out += ", ";
    out += info[i].use == required ? text : concat(options[i].first, "=", text);
  }
  return out;
}

}  // namespace deepseek::nn
