#include "deepseek/data/text/unicode.h"

#include <algorithm>
#include <map>
#include <vector>

#include "deepseek/data/text/unicode_tables.h"

namespace deepseek::data::unicode {
namespace {

// Membership by a bit per code point of the first planes that have letters, by search above.
class Category {
 public:
  explicit Category(std::span<const int32_t> table) : bits_(limit) {
    char32_t at = 0;
    for (size_t i = 0; i + 1 < table.size(); i += 2) {
      const char32_t begin = at + static_cast<char32_t>(table[i]), end = begin + static_cast<char32_t>(table[i + 1]);
      ends_.push_back(begin), ends_.push_back(end);
      for (char32_t c = begin; c < std::min(end, limit); ++c) bits_[c] = true;
      at = end;
    }
  }
  bool operator()(char32_t c) const {
    if (c < limit) return bits_[c];
    return (std::upper_bound(ends_.begin(), ends_.end(), c) - ends_.begin()) % 2 == 1;
  }

 private:
  static constexpr char32_t limit = 0x10000;
  std::vector<bool> bits_;
  std::vector<char32_t> ends_;  // begin and end of each run in turn
};

using Folds = std::map<char32_t, std::u32string>;

Folds folds() {
  Folds out;
  char32_t at = 0;
  for (size_t i = 0; i + 4 < fold_table.size(); i += 5) {
    const auto* f = &fold_table[i];
    char32_t code = at + static_cast<char32_t>(f[0]), target = static_cast<char32_t>(static_cast<int32_t>(code) + f[4]);
    for (int32_t n = 0; n < f[1]; ++n, code += static_cast<char32_t>(f[2]), target += static_cast<char32_t>(f[3])) {
      out[code] = std::u32string(1, target);
      at = code + 1;
    }
  }
  for (size_t i = 0; i < fold_several_table.size();) {
    std::u32string& to = out[static_cast<char32_t>(fold_several_table[i])];
    const int32_t count = fold_several_table[i + 1];
    i += 2;
    for (int32_t n = 0; n < count; ++n) to += static_cast<char32_t>(fold_several_table[i++]);
  }
  return out;
}

bool follows(std::string_view s, size_t at) {
  return at < s.size() && (static_cast<unsigned char>(s[at]) & 0xc0) == 0x80;
}

}  // namespace

char32_t next(std::string_view s, size_t& at) {
  const auto first = static_cast<unsigned char>(s[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 && first < 0xf8 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first >= 0xf5) return invalid;
  char32_t code = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if (!follows(s, at + static_cast<size_t>(i))) return invalid;
    code = code << 6 | (static_cast<unsigned char>(s[at + static_cast<size_t>(i)]) & 0x3fu);
  }
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return invalid;
  at += static_cast<size_t>(more);
  return code;
}

void append(std::string& s, char32_t c) {
  const auto put = [&](char32_t byte) { s += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

#define DEEPSEEK_CATEGORY(name)                               \
  bool is_##name(char32_t c) {                                \
    static const Category& all = *new Category(name##_table); \
    return all(c);                                            \
  }
DEEPSEEK_CATEGORY(letter)
DEEPSEEK_CATEGORY(number)
DEEPSEEK_CATEGORY(mark)
DEEPSEEK_CATEGORY(punctuation)
DEEPSEEK_CATEGORY(control)
#undef DEEPSEEK_CATEGORY

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

void append_folded(std::string& s, char32_t c) {
  if (c < 0x80) return append(s, c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (is_mark(c)) return;
  if (c >= 0xac00 && c <= 0xd7a3) {  // Hangul syllables are made of two or three letters
    const char32_t i = c - 0xac00, last = i % 28;
    append(s, 0x1100 + i / 588), append(s, 0x1161 + i % 588 / 28);
    if (last) append(s, 0x11a7 + last);
    return;
  }
  static const Folds& all = *new Folds(folds());
  const auto found = all.find(c);
  if (found == all.end()) return append(s, c);
  for (char32_t part : found->second) append(s, part);
}

}  // namespace deepseek::data::unicode
