#include "deepseek/data/text/bpe.h"

#include <algorithm>
#include <array>
#include <map>
#include <queue>
#include <set>

#include "deepseek/data/text/unicode.h"
#include "deepseek/files/file.h"
#include "deepseek/files/json.h"
#include "deepseek/tensor/error.h"

namespace deepseek::data {
namespace {

using Words = std::vector<std::string_view>;

// Bytes that are printable in Latin-1 stand for themselves, the others for the code points from 256 on.
std::array<char32_t, 256> printable() {
  std::array<char32_t, 256> out{};
  char32_t next = 256;
  for (char32_t b = 0; b < 256; ++b) {
    const bool itself = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
    out[b] = itself ? b : next++;
  }
  return out;
}

// The bytes that a printed token stands for; false for one that was not printed from bytes.
bool bytes_of(std::string_view token, std::string& out) {
  static const std::map<char32_t, char>& table = *[] {
    auto* t = new std::map<char32_t, char>;
    const auto all = printable();
    for (size_t b = 0; b < 256; ++b) (*t)[all[b]] = static_cast<char>(b);
    return t;
  }();
  out.clear();
  for (size_t at = 0; at < token.size();) {
    const auto found = table.find(unicode::next(token, at));
    if (found == table.end()) return false;
    out += found->second;
  }
  return true;
}

std::string text_of(const std::string& path) {
  const auto file = files::MappedFile::open(path);
  const files::Bytes bytes = file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

enum class Kind : uint8_t { letter, number, space, other };

Kind kind_of(char32_t c) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
    if (c >= '0' && c <= '9') return Kind::number;
    return unicode::is_space(c) ? Kind::space : Kind::other;
  }
  if (c == unicode::invalid) return Kind::other;
  return unicode::is_letter(c)   ? Kind::letter
         : unicode::is_number(c) ? Kind::number
         : unicode::is_space(c)  ? Kind::space
                                 : Kind::other;
}

size_t contraction(std::string_view s, size_t at) {
  for (std::string_view end : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (s.substr(at).starts_with(end)) return end.size();
  }
  return 0;
}

}  // namespace

std::vector<std::string_view> split_words(std::string_view s) {
  Words out;
  for (size_t begin = 0; begin < s.size();) {
    if (const size_t n = contraction(s, begin)) {
      out.push_back(s.substr(begin, n));
      begin += n;
      continue;
    }
    // One blank goes with what follows it.
    size_t at = begin + (s[begin] == ' ' && begin + 1 < s.size()), end = at;
    Kind kind = kind_of(unicode::next(s, end));
    if (kind == Kind::space) {
      end = at = begin;
      kind = Kind::space;
    }
    size_t last = begin;  // where the last code point of the run begins
    while (end < s.size()) {
      size_t after = end;
      if (kind_of(unicode::next(s, after)) != kind) break;
      last = end, end = after;
    }
    // White space leaves its last character to the word that follows.
    if (kind == Kind::space && end < s.size() && last > begin) end = last;
    out.push_back(s.substr(begin, end - begin));
    begin = end;
  }
  return out;
}

BytePairTokenizer BytePairTokenizer::from_files(const std::string& vocabulary, const std::string& merges) {
  const Tree tree = files::parse_json(text_of(vocabulary), vocabulary);
  const TreeDict& dict = tree.dict(vocabulary);
  std::vector<std::pair<std::string, int64_t>> entries;
  for (size_t i = 0; i < dict.keys.size(); ++i) {
    const std::string& token = std::get<std::string>(dict.keys[i]);
    entries.emplace_back(token, dict.values[i].integer(concat(vocabulary, ": the number of '", token, "'")));
  }
  return {entries, text_of(merges), merges};
}

BytePairTokenizer::BytePairTokenizer(const std::vector<std::pair<std::string, int64_t>>& vocabulary,
                                     std::string_view merges, std::string_view name) {
  std::unordered_map<std::string, int64_t> printed;
  std::set<int64_t> others;  // what is neither a byte nor the result of a merge
  for (const auto& [token, id] : vocabulary) {
    ensure(id >= 0 && id < 10'000'000, "BytePairTokenizer: the number of '", token,
           "' must be at least 0 and below 10,000,000, but is ", id);
    if (static_cast<size_t>(id) >= bytes_.size()) bytes_.resize(static_cast<size_t>(id) + 1);
    std::string& bytes = bytes_[static_cast<size_t>(id)];
    ensure(bytes.empty() && !token.empty(), "BytePairTokenizer: number ", id, " has two tokens, or an empty one");
    if (!bytes_of(token, bytes)) bytes = token;
    printed[token] = ids_[bytes] = id;
    others.insert(id);
  }
  const auto all = printable();
  for (size_t b = 0; b < 256; ++b) {
    std::string token;
    unicode::append(token, all[b]);
    const auto found = printed.find(token);
    ensure(found != printed.end(), "BytePairTokenizer: the vocabulary has no token of byte ", b, " ('", token, "')");
    of_byte_[b] = found->second;
    others.erase(found->second);
  }
  int64_t line = 0, rank = 0;
  while (!merges.empty()) {
    const size_t end = merges.find('\n');
    std::string_view text = merges.substr(0, end);
    merges.remove_prefix(end == std::string_view::npos ? merges.size() : end + 1);
    ++line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty() || (line == 1 && text.starts_with("#version"))) continue;
    const size_t blank = text.find(' ');
    ensure(blank != std::string_view::npos && text.find(' ', blank + 1) == std::string_view::npos, name, ": line ",
           line, " must hold two tokens, but is '", text, "'");
    const std::string left(text.substr(0, blank)), right(text.substr(blank + 1));
    const auto a = printed.find(left), b = printed.find(right), both = printed.find(left + right);
    ensure(a != printed.end() && b != printed.end() && both != printed.end(), name, ": line ", line, " merges '", left,
           "' and '", right, "', which are not in the vocabulary together with their result");
    merges_.try_emplace(static_cast<uint64_t>(a->second) << 32 | static_cast<uint64_t>(b->second),
                        Merge{rank++, both->second});
    others.erase(both->second);
  }
  for (int64_t id : others) special_.push_back(bytes_[static_cast<size_t>(id)]);
  std::sort(special_.begin(), special_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

const BytePairTokenizer::Merge* BytePairTokenizer::merge_of(int64_t left, int64_t right) const {
  const auto found = merges_.find(static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right));
  return found == merges_.end() ? nullptr : &found->second;
}

// The first of the best pairs is merged until none is left: a list of parts and a queue of pairs, since words may be
// long.
std::vector<int64_t> BytePairTokenizer::merged(std::string_view word) const {
  struct Part {
    int64_t id;
    size_t before, after;
  };
  struct Pair {
    int64_t rank;
    size_t at;
    int64_t left, right;
    bool operator>(const Pair& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };
  constexpr size_t none = ~size_t{0};
  std::vector<Part> parts(word.size());
  std::priority_queue<Pair, std::vector<Pair>, std::greater<>> queue;
  const auto offer = [&](size_t at) {
    if (at == none || parts[at].after == none) return;
    const int64_t left = parts[at].id, right = parts[parts[at].after].id;
    if (const Merge* m = merge_of(left, right)) queue.push({m->rank, at, left, right});
  };
  for (size_t i = 0; i < word.size(); ++i) {
    parts[i] = {of_byte_[static_cast<unsigned char>(word[i])], i ? i - 1 : none, i + 1 < word.size() ? i + 1 : none};
  }
  for (size_t i = 0; i + 1 < word.size(); ++i) offer(i);
  while (!queue.empty()) {
    const Pair best = queue.top();
    queue.pop();
    Part& left = parts[best.at];
    if (left.id != best.left || left.after == none || parts[left.after].id != best.right) continue;
    const size_t gone = left.after;
    left.id = merge_of(best.left, best.right)->result;
    left.after = parts[gone].after;
    if (left.after != none) parts[left.after].before = best.at;
    parts[gone].id = -1;
    offer(left.before);
    offer(best.at);
  }
  std::vector<int64_t> out;
  for (size_t at = 0; at != none && !parts.empty(); at = parts[at].after) out.push_back(parts[at].id);
  return out;
}

void BytePairTokenizer::encode_text(std::string_view text,
                                    std::unordered_map<std::string_view, std::vector<int64_t>>& known,
                                    std::vector<int64_t>& out) const {
  for (std::string_view word : split_words(text)) {
    auto found = known.find(word);
    if (found == known.end()) found = known.emplace(word, merged(word)).first;
    out.insert(out.end(), found->second.begin(), found->second.end());
  }
}

std::vector<int64_t> BytePairTokenizer::encode(std::string_view text, bool special) const {
  std::vector<int64_t> out;
  std::unordered_map<std::string_view, std::vector<int64_t>> known;
  size_t begin = 0;
  while (special && !special_.empty() && begin < text.size()) {
    size_t at = std::string_view::npos;
    const std::string* token = nullptr;
    for (const std::string& s : special_) {
      const size_t found = text.find(s, begin);
      if (found < at) at = found, token = &s;
    }
    if (!token) break;
    encode_text(text.substr(begin, at - begin), known, out);
    out.push_back(ids_.at(*token));
    begin = at + token->size();
  }
  encode_text(text.substr(begin), known, out);
  return out;
}

std::string BytePairTokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string out;
  for (int64_t id : ids) out += token(id);
  return out;
}

std::string BytePairTokenizer::token(int64_t id) const {
  if (id < 0 || id >= size()) raise_index("BytePairTokenizer: token ", id, " is not one of the ", size());
  return bytes_[static_cast<size_t>(id)];
}

int64_t BytePairTokenizer::id_of(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? -1 : found->second;
}

}  // namespace deepseek::data
