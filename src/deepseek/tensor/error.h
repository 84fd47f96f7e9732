// Errors: what the user did (Error, always checked) and what we did (InternalError, asks for a report).
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace deepseek {

// Which Python exception a user error becomes.
enum class ErrorKind { value, type, index, runtime, io, key, not_implemented, linalg };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

template <class... Args>
std::string concat(const Args&... args) {
  std::ostringstream s;
  s << std::boolalpha;
  (s << ... << args);
  return s.str();
}

// Throws an Error whose message is followed by the layer path, when a layer is being called.
[[noreturn]] void raise(ErrorKind kind, std::string message);
[[noreturn]] void raise_internal(const char* condition, const char* file, int line, std::string message);

template <class... Args>
[[noreturn]] void raise_value(const Args&... args) { raise(ErrorKind::value, concat(args...)); }
template <class... Args>
[[noreturn]] void raise_type(const Args&... args) { raise(ErrorKind::type, concat(args...)); }
template <class... Args>
[[noreturn]] void raise_index(const Args&... args) { raise(ErrorKind::index, concat(args...)); }
template <class... Args>
[[noreturn]] void raise_runtime(const Args&... args) { raise(ErrorKind::runtime, concat(args...)); }
template <class... Args>
[[noreturn]] void raise_linalg(const Args&... args) { raise(ErrorKind::linalg, concat(args...)); }
template <class... Args>
[[noreturn]] void raise_io(const Args&... args) { raise(ErrorKind::io, concat(args...)); }

// Raises a value error unless `ok`.
template <class... Args>
void ensure(bool ok, const Args&... args) {
  if (!ok) [[unlikely]] raise_value(args...);
}

}  // namespace deepseek

// An invariant of ours; a failure is a bug in deepseek, never the user's.
#define DEEPSEEK_CHECK(condition, ...)                                                                     \
  do {                                                                                                     \
    if (!(condition)) [[unlikely]]                                                                         \
      ::deepseek::raise_internal(#condition, __FILE__, __LINE__, ::deepseek::concat("" __VA_OPT__(, ) __VA_ARGS__)); \
  } while (0)
