// A file mapped for reading, and a file that appears at its place only when it is complete.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "deepseek/graph/tensor.h"

namespace deepseek::files {

using Bytes = std::span<const std::byte>;

// Pages are private: writing to a tensor that views them never reaches the file. A file that another process shortens while
// it is mapped ends in SIGBUS, as with every mapping; files that were saved by this library are replaced, never shortened.
class MappedFile : public std::enable_shared_from_this<MappedFile> {
 public:
  static std::shared_ptr<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {data_, size_}; }
  // A tensor over the file's own memory, or over a copy where the element type needs another alignment. The mapping lives as
  // long as any such tensor. The range must lie in the file and its size be that of the shape.
  Tensor view(size_t offset, DType dtype, const Shape& shape) const;

 private:
  MappedFile() = default;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A computed tensor with a copy of the bytes.
Tensor copy_to_tensor(Bytes bytes, DType dtype, const Shape& shape);

// Bytes of a tensor of that shape; raises with `name` in front for sizes beyond 2^62.
uint64_t checked_bytes(const std::vector<uint64_t>& shape, DType dtype, std::string_view name);

// Refuses bytes that are neither 0 nor 1: as a C++ bool they would be no value at all.
void check_bools(Bytes bytes, std::string_view name);

// Row-major bytes of a tensor, computed where pending; `keep` owns them.
Bytes tensor_bytes(const Tensor& t, Tensor& keep);

// Writes a temporary file beside `path`; commit() syncs it and renames it to `path`. Without commit it is removed.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(Bytes bytes);
  void write(std::string_view text);
  uint64_t written() const { return written_; }
  void commit();

 private:
  [[noreturn]] void fail(const char* action);
  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t written_ = 0;
};

}  // namespace deepseek::files
