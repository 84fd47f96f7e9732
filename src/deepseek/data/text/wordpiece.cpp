#include "deepseek/data/text/wordpiece.h"

#include "deepseek/data/text/unicode.h"
#include "deepseek/files/file.h"
#include "deepseek/tensor/error.h"

namespace deepseek::data {
namespace {

// Ideographs are words each.
bool is_ideograph(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
         (c >= 0x2a700 && c <= 0x2ceaf) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

bool separates(char32_t c) {
  if (c < 0x80) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  return unicode::is_punctuation(c);
}

}  // namespace

WordPieceTokenizer WordPieceTokenizer::from_file(const std::string& vocabulary, WordPieceOptions options) {
  const auto file = files::MappedFile::open(vocabulary);
  std::string_view rest(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  std::vector<std::string> tokens;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    tokens.emplace_back(line);
  }
  return WordPieceTokenizer(tokens, std::move(options));
}

WordPieceTokenizer::WordPieceTokenizer(const std::vector<std::string>& tokens, WordPieceOptions options)
    : options_(std::move(options)), tokens_(tokens) {
  for (size_t i = 0; i < tokens.size(); ++i) ids_[tokens[i]] = static_cast<int64_t>(i);
  for (const std::string* needed : {&options_.unknown, &options_.first, &options_.between}) {
    ensure(ids_.contains(*needed), "WordPieceTokenizer: the vocabulary of ", tokens.size(), " tokens has no '", *needed,
           "'");
  }
}

bool WordPieceTokenizer::is_special(std::string_view t) const {
  return t == options_.unknown || t == options_.first || t == options_.between || t == options_.padding ||
         t == options_.mask;
}

void WordPieceTokenizer::split_plain(std::string_view text, std::vector<std::string>& words) const {
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = unicode::next(text, at);
    const bool blank = c == '\t' || c == '\n' || c == '\r';  // the only control characters that part words
    if (c == unicode::invalid || c == 0xfffd || (unicode::is_control(c) && !blank)) continue;
    if (blank || unicode::is_space(c)) {
      finish();
    } else if (is_ideograph(c) || separates(c)) {
      finish();
      unicode::append(word, c);
      finish();
    } else if (options_.lower_case) {
      // A folded code point may separate where it did not before: a mark that stood in the way is gone.
      std::string folded;
      unicode::append_folded(folded, c);
      for (size_t i = 0; i < folded.size();) {
        const char32_t part = unicode::next(folded, i);
        if (separates(part)) finish();
        unicode::append(word, part);
        if (separates(part)) finish();
      }
    } else {
      unicode::append(word, c);
    }
  }
  finish();
}

// The longest token that begins the word, then the longest that goes on, ...
void WordPieceTokenizer::pieces_of(const std::string& word, std::vector<std::string>& out) const {
  std::vector<size_t> ends;
  for (size_t at = 0; at < word.size();) {
    unicode::next(word, at);
    ends.push_back(at);
  }
  std::vector<std::string> pieces;
  size_t begin = 0, first = 0;  // byte, and number of the code point
  while (begin < word.size() && static_cast<int64_t>(ends.size()) <= options_.longest_word) {
    size_t last = ends.size();
    std::string piece;
    for (; last > first; --last) {
      piece = (begin ? "##" : "") + word.substr(begin, ends[last - 1] - begin);
      if (ids_.contains(piece)) break;
    }
    if (last == first) break;
    pieces.push_back(std::move(piece));
    begin = ends[last - 1], first = last;
  }
  if (begin < word.size()) pieces = {options_.unknown};
  out.insert(out.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
}

std::vector<std::string> WordPieceTokenizer::tokenize(std::string_view text) const {
  std::vector<std::string> out, words;
  const auto plain = [&](std::string_view part) {
    words.clear();
    split_plain(part, words);
    for (const std::string& word : words) pieces_of(word, out);
  };
  // Special tokens such as [MASK] are found as they are written.
  size_t begin = 0;
  for (size_t open = text.find('['); open != std::string_view::npos; open = text.find('[', open + 1)) {
    const size_t close = text.find(']', open);
    if (close == std::string_view::npos) break;
    const std::string_view token = text.substr(open, close + 1 - open);
    if (open < begin || !is_special(token) || !ids_.contains(std::string(token))) continue;
    plain(text.substr(begin, open - begin));
    out.emplace_back(token);
    begin = close + 1;
  }
  plain(text.substr(begin));
  return out;
}

std::vector<int64_t> WordPieceTokenizer::ids_of(std::string_view text) const {
  std::vector<int64_t> out;
  for (const std::string& t : tokenize(text)) out.push_back(ids_.at(t));
  return out;
}

WordPieceTokenizer::Encoded WordPieceTokenizer::encode(std::string_view text, const std::optional<std::string>& pair,
                                                       std::optional<int64_t> longest) const {
  std::vector<int64_t> a = ids_of(text), b = pair ? ids_of(*pair) : std::vector<int64_t>();
  const size_t around = pair ? 3 : 2;
  if (longest) {
    ensure(*longest >= static_cast<int64_t>(around), "WordPieceTokenizer: max_length must be at least ", around,
           ", but is ", *longest);
    while (a.size() + b.size() + around > static_cast<size_t>(*longest))
      (a.size() >= b.size() && !a.empty() ? a : b).pop_back();
  }
  const int64_t separator = ids_.at(options_.between);
  Encoded out;
  out.ids.push_back(ids_.at(options_.first));
  out.ids.insert(out.ids.end(), a.begin(), a.end());
  out.ids.push_back(separator);
  out.types.assign(out.ids.size(), 0);
  if (pair) {
    out.ids.insert(out.ids.end(), b.begin(), b.end());
    out.ids.push_back(separator);
    out.types.resize(out.ids.size(), 1);
  }
  return out;
}

std::string WordPieceTokenizer::decode(const std::vector<int64_t>& ids, bool skip_special) const {
  std::string out;
  for (int64_t id : ids) {
    const std::string& t = token(id);
    if (skip_special && is_special(t)) continue;
    if (t.starts_with("##"))
      out += t.substr(2);
    else
      out += (out.empty() ? "" : " ") + t;
  }
  return out;
}

const std::string& WordPieceTokenizer::token(int64_t id) const {
  if (id < 0 || id >= size()) raise_index("WordPieceTokenizer: token ", id, " is not one of the ", size());
  return tokens_[static_cast<size_t>(id)];
}

int64_t WordPieceTokenizer::id_of(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? -1 : found->second;
}

}  // namespace deepseek::data
