#include "deepseek/tensor/error.h"

#include <algorithm>

#include "deepseek/tensor/open_size.h"
#include "deepseek/tensor/scopes.h"

namespace deepseek {

std::string name_of_open_size(int64_t n) {
  if (n == 0 || n % open_size != 0) return {};
  return n == open_size ? "None" : std::to_string(n / open_size) + "*None";
}

std::string with_named_open_sizes(const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    const std::string token = text.substr(i, std::max<size_t>(end - i, 1));
    std::string name;
    if (end - i >= 7 && end - i <= 18) name = name_of_open_size(std::stoll(token));
    out += name.empty() ? token : name;
    i += token.size();
  }
  return out;
}

void raise(ErrorKind kind, std::string message) {
  if (open_sizes_exist.load(std::memory_order_relaxed)) message = with_named_open_sizes(message);
  if (const std::string* path = LayerScope::current()) message += "\n  in layer: " + *path;
  throw Error(kind, std::move(message));
}

void raise_internal(const char* condition, const char* file, int line, std::string message) {
  throw InternalError(concat("internal error: ", message, message.empty() ? "" : " ", "(", condition, " is false at ", file, ":",
                             line, "); please report this with the program that caused it"));
}

}  // namespace deepseek
