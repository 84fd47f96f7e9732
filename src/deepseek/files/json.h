// JSON text from and to Tree, for the headers of files.
#pragma once
#include <string>
#include <string_view>

#include "deepseek/files/tree.h"

namespace deepseek::files {

// Strict: valid UTF-8, no duplicate keys, nothing after the value but white space, depth at most 64.
// Integers become int64 (out of range: refused), other numbers double. `name` stands first in the errors.
Tree parse_json(std::string_view text, std::string_view name);

// Tensors, tuples and integer keys have no JSON form and raise; doubles keep all digits and a point or an exponent.
std::string to_json(const Tree& tree);
bool is_utf8(std::string_view text);
std::string json_string(std::string_view text);  // with quotes and escapes

}  // namespace deepseek::files
