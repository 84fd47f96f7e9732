// A vocabulary, one token a line, then a text after a zero byte.
#include <algorithm>
#include <cstdlib>

#include "input.h"

#include "deepseek/data/text/wordpiece.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] {
    const std::string_view input = fuzz::as_text(data, size);
    const size_t zero = std::min(input.find('\0'), input.size());
    const std::string path = fuzz::as_file(data, zero);
    const std::string_view text = input.substr(std::min(zero + 1, input.size()));
    const auto tokenizer = data::WordPieceTokenizer::from_file(path);
    const auto encoded = tokenizer.encode(text, std::string(text), 64);
    if (encoded.ids.size() != encoded.types.size()) std::abort();
    for (int64_t id : encoded.ids) tokenizer.token(id);
    tokenizer.decode(encoded.ids);
    tokenizer.decode(encoded.ids, false);
  });
}
