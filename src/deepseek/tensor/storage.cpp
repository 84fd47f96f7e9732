#include "deepseek/tensor/storage.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#include "deepseek/tensor/error.h"
#include "deepseek/tensor/free_list.h"
#include "deepseek/tensor/small_blocks.h"

namespace deepseek {
namespace {

thread_local FreeList free_storages(1 << 12);

// Blocks are kept by size class after they are freed, so that a steady training loop never pays a page fault.
class CachingAllocator {
 public:
  void* take(int64_t bytes) {
    const int64_t size = round_up(bytes);
    std::lock_guard lock(mutex_);
    stats_.in_use += whole_pages(bytes);
    stats_.peak = std::max(stats_.peak, stats_.in_use);
    auto it = free_.lower_bound(size);
    // A block up to one eighth larger than needed is good enough; smaller requests leave larger blocks to larger ones. Of large
    // blocks the rest is not touched and costs nothing.
    if (it != free_.end() && it->first <= (size >= 4 * huge_page ? 2 * size : size + size / 8)) {
      void* p = it->second.back();
      it->second.pop_back();
      stats_.cached -= it->first;
      sizes_.emplace(p, it->first);
      if (it->second.empty()) free_.erase(it);
      return p;
    }
    // Blocks of sizes that are no longer asked for give way.
    if (size >= 4 * huge_page) trim(stats_.in_use / 8);
    void* p = fresh(size);
    if (!p) {
      trim(0);
      p = fresh(size);
    }
    if (!p) {
      stats_.in_use -= whole_pages(bytes);
      raise_runtime("out of memory: ", bytes, " bytes asked for while ", stats_.in_use, " are in use");
    }
    sizes_.emplace(p, size);
    return p;
  }

  void give(void* p, int64_t bytes) {
    std::lock_guard lock(mutex_);
    auto it = sizes_.find(p);
    const int64_t size = it->second;
    sizes_.erase(it);
    stats_.in_use -= whole_pages(bytes);
    stats_.cached += size;
    free_[size].push_back(p);
  }

  MemoryStats stats() {
    std::lock_guard lock(mutex_);
    MemoryStats s = stats_;
    s.in_use += SmallBlocks::in_use();
    s.peak = std::max(s.peak, s.in_use);
    return s;
  }
  void reset_peak() {
    std::lock_guard lock(mutex_);
    stats_.peak = stats_.in_use;
  }
  void release() {
    std::lock_guard lock(mutex_);
    trim(0);
  }

 private:
  static constexpr int64_t huge_page = 2 << 20;

  // What of a block is used, and so costs memory.
  static int64_t whole_pages(int64_t bytes) { return (bytes + 4095) / 4096 * 4096; }

  // Sizes keep their three leading bits: blocks of nearly the same size serve each other, as for batches of another length.
  // What is never touched costs no memory.
  static int64_t round_up(int64_t bytes) {
    const int64_t page = bytes >= 4 * huge_page ? huge_page : 4096;
    const int64_t step = std::max<int64_t>(static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes)) / 8), page);
    return (bytes + step - 1) / step * step;
  }
  static void* fresh(int64_t size) {
    // Several arrays that are walked together need more small pages than the processor remembers.
    // The size need not be a multiple of the alignment, as std::aligned_alloc wants it.
    void* p = nullptr;
    if (posix_memalign(&p, size >= huge_page ? huge_page : 64, static_cast<size_t>(size)) != 0) return nullptr;
    if (size >= huge_page) madvise(p, static_cast<size_t>(size), MADV_HUGEPAGE);
    return p;
  }
  // Gives cached blocks back, the largest first, until no more than `keep` bytes are left.
  void trim(int64_t keep) {
    while (!free_.empty() && stats_.cached > keep) {
      auto last = std::prev(free_.end());
      for (void* p : last->second) std::free(p);
      stats_.cached -= last->first * static_cast<int64_t>(last->second.size());
      free_.erase(last);
    }
  }

  std::mutex mutex_;
  std::map<int64_t, std::vector<void*>> free_;
  std::map<void*, int64_t> sizes_;
  MemoryStats stats_;
};

CachingAllocator& allocator() {
  // Never destroyed: storages held by static objects may outlive it otherwise.
  static CachingAllocator& instance = *new CachingAllocator;
  return instance;
}

}  // namespace

void* Storage::operator new(size_t size) { return free_storages.take(size); }
void Storage::operator delete(void* p) { free_storages.give(p); }

Ref<Storage> Storage::allocate(int64_t bytes) {
  void* p = bytes <= SmallBlocks::largest ? SmallBlocks::take(bytes) : allocator().take(bytes);
  return Ref<Storage>::first(new Storage(static_cast<std::byte*>(p), bytes));
}

Ref<Storage> Storage::borrow(void* data, int64_t bytes, std::function<void()> release, bool writable) {
  Ref<Storage> s(new Storage(static_cast<std::byte*>(data), bytes));
  s->release_ = release ? std::move(release) : [] {};
  s->writable_ = writable;
  return s;
}

Storage::~Storage() {
  if (release_) {
    release_();
  } else if (bytes_ <= SmallBlocks::largest) {
    SmallBlocks::give(data_, bytes_);
  } else {
    allocator().give(data_, bytes_);
  }
}

std::string to_string(const Spec& s) { return std::string(name_of(s.dtype)) + to_string(s.shape); }

MemoryStats memory_stats() { return allocator().stats(); }
void reset_peak_memory() { allocator().reset_peak(); }
void release_cached_memory() { allocator().release(); }

}  // namespace deepseek
