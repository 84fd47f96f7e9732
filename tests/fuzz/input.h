// What the fuzzers share: bytes as a file, and the rule that a reader returns or raises a user error.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "deepseek/files/file.h"
#include "deepseek/files/tree.h"
#include "deepseek/tensor/error.h"

namespace deepseek::fuzz {

template <class F>
int attempt(F&& read) {
  try {
    read();
  } catch (const Error&) {
  }
  return 0;
}

// A file in memory with these bytes; the same path each time.
inline std::string as_file(const uint8_t* data, size_t size) {
  static const int fd = memfd_create("input", 0);
  const bool written = ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size);
  return written ? "/proc/self/fd/" + std::to_string(fd) : "/dev/null";
}

inline files::Bytes as_bytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}
inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Reads every element, so that a tensor over bytes outside the file is noticed.
inline void read_all(const Tensor& t) {
  if (t.numel() == 0 || t.numel() > 1 << 16) return;
  Tensor keep;
  unsigned sum = 0;
  for (std::byte b : files::tensor_bytes(t, keep)) sum += static_cast<unsigned>(b);
  asm volatile("" : : "r"(sum));
}

inline void read_all(const Tree& tree) {
  if (tree.is<Tensor>())
    read_all(tree.tensor("value"));
  else if (tree.is<TreeDict>()) {
    for (const Tree& value : tree.dict("value").values) read_all(value);
  } else if (tree.is<TreeList>() || tree.is<TreeTuple>()) {
    for (const Tree& value : tree.items("value")) read_all(value);
  }
}

}  // namespace deepseek::fuzz
