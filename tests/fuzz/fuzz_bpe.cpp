// Merges of a byte-level tokenizer, then a text after a zero byte: what is encoded is decoded to the same bytes.
#include <array>
#include <cstdlib>

#include "input.h"

#include "deepseek/data/text/bpe.h"
#include "deepseek/data/text/unicode.h"

using namespace deepseek;

namespace {

using Vocabulary = std::vector<std::pair<std::string, int64_t>>;

// GPT-2's names of the bytes: printable characters stand for themselves, the others for those from 256.
Vocabulary all_bytes() {
  Vocabulary out;
  char32_t next = 256;
  for (int64_t b = 0; b < 256; ++b) {
    const bool printable = (b > 32 && b < 127) || (b > 160 && b != 173);
    std::string token;
    data::unicode::append(token, printable ? static_cast<char32_t>(b) : next++);
    out.emplace_back(token, b);
  }
  return out;
}

// A token for the result of each line.
void add_results(std::string_view merges, Vocabulary& out) {
  while (!merges.empty()) {
    const size_t end = merges.find('\n');
    std::string token(merges.substr(0, end));
    std::erase(token, ' ');
    merges.remove_prefix(end == std::string_view::npos ? merges.size() : end + 1);
    const bool known = std::any_of(out.begin(), out.end(), [&](const auto& entry) { return entry.first == token; });
    if (!known) out.emplace_back(token, static_cast<int64_t>(out.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] {
    const std::string_view input = fuzz::as_text(data, size);
    const size_t zero = std::min(input.find('\0'), input.size());
    const std::string_view merges = input.substr(0, zero), text = input.substr(std::min(zero + 1, input.size()));
    Vocabulary vocabulary = all_bytes();
    add_results(merges, vocabulary);
    const data::BytePairTokenizer tokenizer(vocabulary, merges, "merges");
    for (const bool special : {true, false}) {
      if (tokenizer.decode(tokenizer.encode(text, special)) != text) std::abort();
    }
  });
}
