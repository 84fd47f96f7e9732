#include "deepseek/tensor/error.h"

#include "deepseek/tensor/scopes.h"

namespace deepseek {

void raise(ErrorKind kind, std::string message) {
  if (const std::string* path = LayerScope::current()) message += "\n  in layer: " + *path;
  throw Error(kind, std::move(message));
}

void raise_internal(const char* condition, const char* file, int line, std::string message) {
  throw InternalError(concat("internal error: ", message, message.empty() ? "" : " ", "(", condition, " is false at ", file, ":",
                             line, "); please report this with the program that caused it"));
}

}  // namespace deepseek
