// Reads the C++ text of signatures: parameter names and default values.
#include <cctype>
#include <charconv>
#include <limits>

#include "functions.h"

namespace deepseek::python {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

// Commas outside brackets and quotes.
std::vector<std::string_view> split(std::string_view s) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const char c = s[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '{' || c == '<' || c == '[') ++depth;
    if (c == ')' || c == '}' || c == '>' || c == ']') --depth;
    if (c == ',' && depth == 0) parts.push_back(trimmed(s.substr(start, i - start))), start = i + 1;
  }
  if (const auto last = trimmed(s.substr(start)); !last.empty()) parts.push_back(last);
  return parts;
}

// "Dims{1, 2}", "Dims({1, 2})", "{1, 2}", "Tensor(1.0)" -> what is inside; other texts stay.
std::string_view unwrapped(std::string_view s) {
  for (const std::string_view name :
       {"Dims", "IntList", "Tensor", "Padding", "std::string", "TensorList", "int64_t", "double"}) {
    if (s.starts_with(name) && s.size() > name.size() && (s[name.size()] == '(' || s[name.size()] == '{')) {
      s.remove_prefix(name.size());
      break;
    }
  }
  while (s.size() >= 2 && ((s.front() == '(' && s.back() == ')') || (s.front() == '{' && s.back() == '}'))) {
    s = trimmed(s.substr(1, s.size() - 2));
  }
  return s;
}

bool read_int(std::string_view s, int64_t* out) {
  if (s == "INT64_MAX" || s == "std::numeric_limits<int64_t>::max()") return *out = INT64_MAX, true;
  if (s == "INT64_MIN" || s == "std::numeric_limits<int64_t>::min()") return *out = INT64_MIN, true;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), *out);
  return error == std::errc() && end == s.data() + s.size();
}

bool read_double(std::string_view s, double* out) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (s == "INFINITY" || s == "std::numeric_limits<double>::infinity()") return *out = infinity, true;
  if (s == "-INFINITY" || s == "-std::numeric_limits<double>::infinity()") return *out = -infinity, true;
  const size_t slash = s.find('/');  // 1.0 / 3
  if (slash != s.npos) {
    double a, b;
    if (!read_double(trimmed(s.substr(0, slash)), &a) || !read_double(trimmed(s.substr(slash + 1)), &b)) return false;
    return *out = a / b, true;
  }
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), *out);
  return error == std::errc() && end == s.data() + s.size();
}

bool read_ints(std::string_view s, Dims* out) {
  *out = Dims();
  for (const std::string_view part : split(unwrapped(s))) {
    int64_t v;
    if (!read_int(part, &v)) return false;
    out->push_back(v);
  }
  return true;
}

bool read_number(std::string_view s, Argument* out) {
  int64_t i;
  double d;
  if (s == "true" || s == "false") return *out = Tensor(s == "true"), true;
  if (read_int(s, &i)) return *out = Tensor(i), true;
  if (read_double(s, &d)) return *out = Tensor(d), true;
  return false;
}

bool quoted(std::string_view s) {
  return s.size() >= 2 && s.front() == '"' && s.back() == '"';
}

}  // namespace

std::vector<ParameterText> split_parameters(std::string_view text) {
  text = trimmed(text);
  std::vector<ParameterText> result;
  for (std::string_view part : split(text.substr(1, text.size() - 2))) {
    ParameterText p;
    if (const size_t at = part.find("DEFAULT("); at != part.npos) {
      std::string_view standard = trimmed(part.substr(at + 8));
      standard.remove_suffix(1);
      p.standard = std::string(trimmed(standard));
      p.has_default = true;
      part = trimmed(part.substr(0, at));
    }
    size_t start = part.size();
    while (start > 0 && (std::isalnum(static_cast<unsigned char>(part[start - 1])) || part[start - 1] == '_')) --start;
    p.name = std::string(part.substr(start));
    // C++ words that are also torch's parameter names carry an underscore.
    if (p.name.size() > 1 && p.name.back() == '_') p.name.pop_back();
    result.push_back(std::move(p));
  }
  return result;
}

bool parse_default(const std::string& text, ParamKind kind, Argument* out) {
  std::string_view s = trimmed(text);
  if (s == "std::nullopt" || s == "nullopt") return *out = std::monostate(), true;
  const std::string_view inner = unwrapped(s);
  int64_t i;
  double d;
  switch (kind) {
    case ParamKind::tensor:
      if (inner.empty() || s == "Tensor()") return *out = Tensor(), true;
      return read_number(inner, out);
    case ParamKind::tensors:
      return *out = TensorList(), inner.empty() || s == "TensorList()";
    case ParamKind::integer:
      if (inner.empty()) return *out = std::monostate(), true;
      return read_int(inner, &i) && (*out = i, true);
    case ParamKind::number:
      if (inner.empty()) return *out = std::monostate(), true;
      return read_double(inner, &d) && (*out = d, true);
    case ParamKind::boolean:
      if (inner.empty()) return *out = std::monostate(), true;
      return (inner == "true" || inner == "false") && (*out = inner == "true", true);
    case ParamKind::string:
      if (inner.empty()) return *out = std::string(), true;
      return quoted(inner) && (*out = std::string(inner.substr(1, inner.size() - 2)), true);
    case ParamKind::dtype: {
      if (inner.empty()) return *out = std::monostate(), true;
      DType t;
      std::string name(s.starts_with("DType::") ? s.substr(7) : s);
      if (name.back() == '_') name.pop_back();
      return parse_dtype(name, &t) && (*out = t, true);
    }
    case ParamKind::ints: {
      Dims dims;
      if (s == "Dims()") return *out = dims, true;
      return read_ints(s, &dims) && (*out = dims, true);
    }
    case ParamKind::order:
      if (quoted(inner)) return *out = std::string(inner.substr(1, inner.size() - 2)), true;
      return read_double(inner, &d) && (*out = d, true);
    case ParamKind::sections:
      return false;
    case ParamKind::padding: {
      if (quoted(inner)) return *out = Padding(std::string(inner.substr(1, inner.size() - 2))), true;
      Dims dims;
      return read_ints(s, &dims) && (*out = Padding(dims), true);
    }
  }
  return false;
}

}  // namespace deepseek::python
