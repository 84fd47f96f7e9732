// WordPiece, as BERT uses it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace deepseek::data {

struct WordPieceOptions {
  bool lower_case = true;  // lower case without accents
  std::string unknown = "[UNK]", first = "[CLS]", between = "[SEP]", padding = "[PAD]", mask = "[MASK]";
  int64_t longest_word = 100;  // longer ones are unknown
};

class WordPieceTokenizer {
 public:
  // One token a line; its number is the line's, from 0.
  static WordPieceTokenizer from_file(const std::string& vocabulary, WordPieceOptions options = {});
  explicit WordPieceTokenizer(const std::vector<std::string>& tokens, WordPieceOptions options = {});

  std::vector<std::string> tokenize(std::string_view utf8) const;
  struct Encoded {
    std::vector<int64_t> ids, types;
  };
  // [CLS] text [SEP], or [CLS] text [SEP] pair [SEP]; the pair's tokens are of type 1. With `longest` the longer text is cut.
  Encoded encode(std::string_view text, const std::optional<std::string>& pair = {}, std::optional<int64_t> longest = {}) const;
  std::string decode(const std::vector<int64_t>& ids, bool skip_special = true) const;
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t id_of(std::string_view token) const;  // -1 when there is none
  const std::string& token(int64_t id) const;

 private:
  bool is_special(std::string_view token) const;
  void split_plain(std::string_view text, std::vector<std::string>& words) const;
  void pieces_of(const std::string& word, std::vector<std::string>& out) const;
  std::vector<int64_t> ids_of(std::string_view text) const;

  WordPieceOptions options_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, int64_t> ids_;
};

}  // namespace deepseek::data
