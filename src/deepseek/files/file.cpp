#include "deepseek/files/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace deepseek::files {

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) raise_io("cannot open '", path, "': ", std::strerror(errno));
  struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } close{fd};
  struct stat info {};
  if (fstat(fd, &info) != 0) raise_io("cannot read '", path, "': ", std::strerror(errno));
  if (!S_ISREG(info.st_mode)) raise_io("cannot read '", path, "': it is not a regular file");
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->size_ = static_cast<size_t>(info.st_size);
  if (file->size_ == 0) return file;
  void* p = mmap(nullptr, file->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (p == MAP_FAILED) {
    file->size_ = 0;
    raise_io("cannot map '", path, "': ", std::strerror(errno));
  }
  file->data_ = static_cast<std::byte*>(p);
  return file;
}

MappedFile::~MappedFile() {
  if (data_) munmap(data_, size_);
}

Tensor MappedFile::view(size_t offset, DType dtype, const Shape& shape) const {
  const Bytes range = bytes().subspan(offset, static_cast<size_t>(shape.numel() * size_of(dtype)));
  const bool aligned = reinterpret_cast<uintptr_t>(range.data()) % static_cast<size_t>(size_of(dtype)) == 0;
  if (!aligned || range.empty()) return copy_to_tensor(range, dtype, shape);
  auto storage = Storage::borrow(data_ + offset, static_cast<int64_t>(range.size()), [keep = shared_from_this()] {});
  return Tensor::from_storage(std::move(storage), dtype, shape);
}

Tensor copy_to_tensor(Bytes bytes, DType dtype, const Shape& shape) {
  StorageRef storage = Storage::allocate(static_cast<int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(storage->data(), bytes.data(), bytes.size());
  return Tensor::from_storage(std::move(storage), dtype, shape);
}

uint64_t checked_bytes(const std::vector<uint64_t>& shape, DType dtype, std::string_view name) {
  ensure(shape.size() <= max_rank, name, ": ", shape.size(), " dims, but at most ", max_rank, " are supported");
  constexpr uint64_t limit = uint64_t{1} << 62;
  uint64_t n = static_cast<uint64_t>(size_of(dtype));
  bool empty = false;
  for (uint64_t d : shape) {
    ensure(d <= limit, name, ": a dim of ", d, " is too large");
    empty = empty || d == 0;
    // Of an empty tensor too, since its strides are products of the other dims.
    ensure(n <= limit / std::max<uint64_t>(d, 1), name, ": the shape holds too many elements");
    n *= std::max<uint64_t>(d, 1);
  }
  return empty ? 0 : n;
}

void check_bools(Bytes bytes, std::string_view name) {
  for (std::byte b : bytes) ensure(b <= std::byte{1}, name, ": a bool is stored as ", static_cast<int>(b));
}

Bytes tensor_bytes(const Tensor& t, Tensor& keep) {
  keep = t.contiguous_leaf();
  const Buffer& b = keep.buffer();
  return {b.storage->data() + b.offset * size_of(t.dtype()), static_cast<size_t>(t.spec().bytes())};
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path p(path_);
  ensure(!p.filename().empty(), "save: '", path_, "' names no file");
  // Hidden and unique, in the same folder: rename is atomic only inside one file system.
  const std::string name = concat(".", p.filename().string(), ".", getpid(), ".", counter++, ".tmp");
  temporary_ = (p.parent_path() / name).string();
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    const int code = errno;
    temporary_.clear();
    raise_io("cannot write '", path_, "': ", std::strerror(code));
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* action) {
  raise_io("cannot ", action, " '", path_, "': ", std::strerror(errno), " (what was there before is unchanged)");
}

void AtomicFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write");
    bytes = bytes.subspan(static_cast<size_t>(n));
    written_ += static_cast<uint64_t>(n);
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::commit() {
  if (fsync(fd_) != 0) fail("write");
  if (::close(std::exchange(fd_, -1)) != 0) fail("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("replace");
  temporary_.clear();
  // The rename itself must reach the disk too; a file system that cannot sync folders keeps its own order.
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    ::close(fd);
  }
}

}  // namespace deepseek::files
