// What tokenizers need of Unicode.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace deepseek::data::unicode {

constexpr char32_t invalid = 0xffffffff;

// The code point at `at`, which moves on; a byte that begins none gives `invalid`, alone.
char32_t next(std::string_view utf8, size_t& at);
void append(std::string& utf8, char32_t code);

bool is_letter(char32_t c);       // categories L
bool is_number(char32_t c);       // categories N
bool is_space(char32_t c);        // property White_Space
bool is_mark(char32_t c);         // category Mn
bool is_punctuation(char32_t c);  // categories P
bool is_control(char32_t c);      // categories Cc, Cf and Co

// Appends the code point in lower case and without accents: decomposed, non-spacing marks dropped.
void append_folded(std::string& utf8, char32_t c);

}  // namespace deepseek::data::unicode
