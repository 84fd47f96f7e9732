// Memory of small objects of one size that come and go by the million.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace deepseek {

// Blocks of one size, kept per thread (declare it thread_local). A block may be freed on another thread than it came from: a thread
// keeps no more blocks than it has taken, so that one which only frees (the reader of a data loader) does not hoard them.
class FreeList {
 public:
  explicit constexpr FreeList(size_t most) : most_(most) {}
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;
  ~FreeList() {
    for (void* p : blocks_) std::free(p);
    gone_ = true;
  }
  void* take(size_t size) {
    ++owed_;
    if (!gone_ && !blocks_.empty()) {
      void* p = blocks_.back();
      blocks_.pop_back();
      return p;
    }
    void* p = std::aligned_alloc(64, (size + 63) / 64 * 64);
    if (!p) throw std::bad_alloc();
    return p;
  }
  void give(void* p) {
    const bool foreign = owed_ <= 0;
    owed_ -= !foreign;
    if (gone_ || foreign || blocks_.size() >= most_) std::free(p);
    else blocks_.push_back(p);
  }

 private:
  const size_t most_;
  std::vector<void*> blocks_;
  int64_t owed_ = 0;  // taken and not yet given back
  static inline thread_local bool gone_ = false;  // the thread ends: a list may be destroyed before the objects it serves
};

}  // namespace deepseek
