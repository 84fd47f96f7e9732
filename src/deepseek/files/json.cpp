#include "deepseek/files/json.h"

#include <charconv>
#include <cmath>
#include <unordered_set>

namespace deepseek::files {
namespace {

// Bytes of the sequence that `text` begins with; 0 when it is not UTF-8.
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  uint32_t v = lead & (0xffu >> (n + 1));
  bool ok = lead >= 0xc2 && lead <= 0xf4;
  for (size_t i = 1; i < n; ++i) {
    ok = ok && (byte(i) & 0xc0) == 0x80;
    v = v << 6 | (byte(i) & 63);
  }
  ok = ok && (n != 3 || (v >= 0x800 && (v < 0xd800 || v > 0xdfff))) && (n != 4 || (v >= 0x10000 && v <= 0x10ffff));
  return ok ? n : 0;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Tree document() {
    Tree t = value(0);
    skip_space();
    if (at_ != text_.size()) fail("text follows the value");
    return t;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { raise_value(name_, ": malformed JSON, ", why, " at byte ", at_); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  void expect(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) fail(concat("'", token, "' is expected"));
    at_ += token.size();
  }

  Tree value(int depth) {
    if (depth > 64) fail("nested too deeply");
    skip_space();
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't': expect("true"); return true;
      case 'f': expect("false"); return false;
      case 'n': expect("null"); return {};
      default: return number();
    }
  }

  Tree object(int depth) {
    TreeDict d;
    std::unordered_set<std::string> seen;
    expect("{");
    skip_space();
    if (peek() == '}') {
      ++at_;
      return d;
    }
    while (true) {
      skip_space();
      if (peek() != '"') fail("a key in quotes is expected");
      std::string key = string();
      if (!seen.insert(key).second) fail(concat("duplicate key '", key, "'"));
      skip_space();
      expect(":");
      d.keys.emplace_back(std::move(key));
      d.values.push_back(value(depth + 1));
      skip_space();
      if (peek() == '}') break;
      expect(",");
    }
    ++at_;
    return d;
  }

  Tree array(int depth) {
    TreeList list;
    expect("[");
    skip_space();
    if (peek() == ']') {
      ++at_;
      return list;
    }
    while (true) {
      list.items.push_back(value(depth + 1));
      skip_space();
      if (peek() == ']') break;
      expect(",");
    }
    ++at_;
    return list;
  }

  Tree number() {
    const size_t start = at_;
    auto digits = [&] {
      const size_t first = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      if (at_ == first) fail("a value is expected");
      return first;
    };
    if (peek() == '-') ++at_;
    const size_t first = digits();
    if (text_[first] == '0' && at_ - first > 1) fail("a number with a leading zero");
    bool whole = true;
    if (peek() == '.') {
      whole = false;
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    const char* begin = text_.data() + start;
    const char* end = text_.data() + at_;
    if (whole) {
      int64_t v = 0;
      if (std::from_chars(begin, end, v).ec != std::errc()) fail("an integer out of range");
      return v;
    }
    double v = 0;
    if (std::from_chars(begin, end, v).ec != std::errc()) fail("a number out of range");
    return v;
  }

  uint32_t hex4() {
    if (text_.size() - at_ < 4) fail("a short \\u escape");
    uint32_t v = 0;
    const char* begin = text_.data() + at_;
    if (std::from_chars(begin, begin + 4, v, 16).ptr != begin + 4) fail("a bad \\u escape");
    at_ += 4;
    return v;
  }

  void escape(std::string& out) {
    const char c = peek();
    ++at_;
    switch (c) {
      case '"': out += '"'; return;
      case '\\': out += '\\'; return;
      case '/': out += '/'; return;
      case 'b': out += '\b'; return;
      case 'f': out += '\f'; return;
      case 'n': out += '\n'; return;
      case 'r': out += '\r'; return;
      case 't': out += '\t'; return;
      case 'u': break;
      default: fail("an unknown escape");
    }
    uint32_t v = hex4();
    if (v >= 0xd800 && v < 0xdc00) {
      expect("\\u");
      const uint32_t low = hex4();
      if (low < 0xdc00 || low > 0xdfff) fail("a broken surrogate pair");
      v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    } else if (v >= 0xdc00 && v < 0xe000) {
      fail("a broken surrogate pair");
    }
    if (v < 0x80) {
      out += static_cast<char>(v);
    } else if (v < 0x800) {
      out += static_cast<char>(0xc0 | (v >> 6));
      out += static_cast<char>(0x80 | (v & 63));
    } else if (v < 0x10000) {
      out += static_cast<char>(0xe0 | (v >> 12));
      out += static_cast<char>(0x80 | ((v >> 6) & 63));
      out += static_cast<char>(0x80 | (v & 63));
    } else {
      out += static_cast<char>(0xf0 | (v >> 18));
      out += static_cast<char>(0x80 | ((v >> 12) & 63));
      out += static_cast<char>(0x80 | ((v >> 6) & 63));
      out += static_cast<char>(0x80 | (v & 63));
    }
  }

  void utf8(std::string& out) {
    const size_t n = utf8_sequence(text_.substr(at_));
    if (!n) fail("text that is not UTF-8");
    out.append(text_.substr(at_, n));
    at_ += n;
  }

  std::string string() {
    expect("\"");
    std::string out;
    while (true) {
      if (at_ >= text_.size()) fail("a string without end");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') break;
      if (c < 0x20) fail("a control character in a string");
      if (c == '\\') {
        ++at_;
        escape(out);
      } else if (c < 0x80) {
        out += text_[at_++];
      } else {
        utf8(out);
      }
    }
    ++at_;
    return out;
  }

  std::string_view text_;
  std::string_view name_;
  size_t at_ = 0;
};

void write(const Tree& t, std::string& out);

void write_items(const std::vector<Tree>& items, std::string& out) {
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ',';
    write(items[i], out);
  }
  out += ']';
}

void write_number(double v, std::string& out) {
  DEEPSEEK_CHECK(std::isfinite(v));
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write(const Tree& t, std::string& out) {
  if (t.is_none()) {
    out += "null";
  } else if (const bool* v = std::get_if<bool>(&t.variant())) {
    out += *v ? "true" : "false";
  } else if (const int64_t* v = std::get_if<int64_t>(&t.variant())) {
    out += std::to_string(*v);
  } else if (const double* v = std::get_if<double>(&t.variant())) {
    write_number(*v, out);
  } else if (const std::string* v = std::get_if<std::string>(&t.variant())) {
    out += json_string(*v);
  } else if (const TreeList* v = std::get_if<TreeList>(&t.variant())) {
    write_items(v->items, out);
  } else if (const TreeDict* v = std::get_if<TreeDict>(&t.variant())) {
    out += '{';
    for (size_t i = 0; i < v->keys.size(); ++i) {
      if (i) out += ',';
      out += json_string(std::get<std::string>(v->keys[i]));
      out += ':';
      write(v->values[i], out);
    }
    out += '}';
  } else {
    raise_type("JSON cannot hold ", t.kind());
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t n = utf8_sequence(text.substr(at));
    if (!n) return false;
    at += n;
  }
  return true;
}

Tree parse_json(std::string_view text, std::string_view name) { return Parser(text, name).document(); }

std::string to_json(const Tree& tree) {
  std::string out;
  write(tree, out);
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr char hex[] = "0123456789abcdef";
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace deepseek::files
