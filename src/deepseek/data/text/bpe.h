// Byte-level byte pair encoding, as GPT-2 uses it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace deepseek::data {

// The pieces of a text that are encoded each by itself: GPT-2's pattern
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::vector<std::string_view> split_words(std::string_view utf8);

class BytePairTokenizer {
 public:
  // A vocabulary (encoder.json or vocab.json: token -> number) and its merges (vocab.bpe or merges.txt), whose bytes
  // are written as printable characters.
  static BytePairTokenizer from_files(const std::string& vocabulary, const std::string& merges);
  BytePairTokenizer(const std::vector<std::pair<std::string, int64_t>>& vocabulary, std::string_view merges,
                    std::string_view name);

  // Special tokens such as <|endoftext|> are one number, unless `special` is false: then they are text like any other.
  std::vector<int64_t> encode(std::string_view utf8, bool special = true) const;
  // The bytes, which need not end at the end of a character.
  std::string decode(const std::vector<int64_t>& ids) const;
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  int64_t id_of(std::string_view token) const;  // -1 when there is none; the token as bytes
  std::string token(int64_t id) const;          // as bytes

 private:
  struct Merge {
    int64_t rank;
    int64_t result;
  };
  void encode_text(std::string_view text, std::unordered_map<std::string_view, std::vector<int64_t>>& known,
                   std::vector<int64_t>& out) const;
  std::vector<int64_t> merged(std::string_view word) const;
  const Merge* merge_of(int64_t left, int64_t right) const;

  std::vector<std::string> bytes_;  // of each number; empty where the vocabulary has a gap
  std::unordered_map<std::string, int64_t> ids_;
  std::unordered_map<uint64_t, Merge> merges_;
  std::vector<std::string> special_;  // tokens that no merge gives
  int64_t of_byte_[256];
};

}  // namespace deepseek::data
