// Bytes that tensors share. A Storage never moves; views refer to it with an offset and strides.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "deepseek/tensor/dtype.h"
#include "deepseek/tensor/refcount.h"
#include "deepseek/tensor/shape.h"

namespace deepseek {

class Storage final : public RefCounted {
 public:
  // Fresh bytes, 64-byte aligned, not initialised; from the caching allocator.
  static Ref<Storage> allocate(int64_t bytes);
  // Bytes owned by somebody else (numpy, DLPack, a mapped file). `owner` is called once when the last user is gone.
  static Ref<Storage> borrow(void* data, int64_t bytes, std::function<void()> release, bool writable = true);
  ~Storage() override;
  static void* operator new(size_t);
  static void operator delete(void*);

  std::byte* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  bool writable() const { return writable_; }
  bool owned() const { return !release_; }

  // A re-packed form of these bytes that a kernel keeps with them (packed weights). Dropped when the bytes change.
  std::shared_ptr<void> companion;

 private:
  Storage(std::byte* data, int64_t bytes) : data_(data), bytes_(bytes) {}
  std::byte* data_;
  int64_t bytes_;
  bool writable_ = true;
  std::function<void()> release_;
};
using StorageRef = Ref<Storage>;

// Where a computed value lives.
struct Buffer {
  StorageRef storage;
  int64_t offset = 0;  // in elements
  Strides strides;     // in elements
};

// What a value is, before and after it is computed.
struct Spec {
  DType dtype = DType::float32;
  Shape shape;
  int rank() const { return shape.size(); }
  int64_t numel() const { return shape.numel(); }
  int64_t bytes() const { return numel() * size_of(dtype); }
  friend bool operator==(const Spec&, const Spec&) = default;
};
std::string to_string(const Spec&);  // "float32(2, 3)"

// Statistics of the allocator, in bytes.
struct MemoryStats {
  int64_t in_use = 0;  // handed out to storages
  int64_t cached = 0;  // kept for reuse
  int64_t peak = 0;    // largest in_use since reset
};
MemoryStats memory_stats();
void reset_peak_memory();
void release_cached_memory();  // gives cached blocks back to the system

}  // namespace deepseek
