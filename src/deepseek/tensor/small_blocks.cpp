#include "deepseek/tensor/small_blocks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "deepseek/tensor/error.h"

namespace deepseek {
namespace {

constexpr int64_t step = 64;
constexpr int64_t most_kept = 1 << 20;  // bytes of one class

struct Class {
  std::vector<void*> blocks;
  int64_t owed = 0;  // taken and not yet given back
};

// On the heap, since a shared library has little thread-local memory.
struct Blocks {
  std::array<Class, SmallBlocks::largest / step> classes;
  std::atomic<int64_t> in_use = 0;  // only its own thread writes; negative when it frees what others took

  Blocks();
  ~Blocks();
};

struct Everybody {
  std::mutex mutex;
  std::vector<const Blocks*> threads;
  std::atomic<int64_t> in_use = 0;  // of threads that have ended
};
Everybody& everybody() {
  static Everybody& all = *new Everybody;  // storages held by static objects may outlive it otherwise
  return all;
}

Blocks::Blocks() {
  std::lock_guard lock(everybody().mutex);
  everybody().threads.push_back(this);
}
Blocks::~Blocks() {
  for (Class& c : classes) {
    for (void* p : c.blocks) std::free(p);
  }
  std::lock_guard lock(everybody().mutex);
  std::erase(everybody().threads, this);
  everybody().in_use += in_use;
}

thread_local Blocks* mine = nullptr;
thread_local bool gone = false;

Blocks* make_mine() {
  struct Owner {
    ~Owner() {
      delete std::exchange(mine, nullptr);
      gone = true;
    }
  };
  if (gone) return nullptr;
  static thread_local Owner owner;
  return mine = new Blocks;
}
Blocks* of_this_thread() { return mine ? mine : make_mine(); }

int64_t class_of(int64_t bytes) { return std::max<int64_t>(bytes - 1, 0) / step; }

void count(Blocks* blocks, int64_t bytes) {
  if (blocks) blocks->in_use.store(blocks->in_use.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  else everybody().in_use += bytes;
}

}  // namespace

void* SmallBlocks::take(int64_t bytes) {
  const int64_t at = class_of(bytes), size = (at + 1) * step;
  Blocks* const blocks = of_this_thread();
  if (blocks) {
    Class& c = blocks->classes[static_cast<size_t>(at)];
    ++c.owed;
    if (!c.blocks.empty()) {
      void* p = c.blocks.back();
      c.blocks.pop_back();
      count(blocks, size);
      return p;
    }
  }
  void* p = std::aligned_alloc(step, static_cast<size_t>(size));
  if (!p) raise_runtime("out of memory: ", bytes, " bytes asked for");
  count(blocks, size);
  return p;
}

void SmallBlocks::give(void* p, int64_t bytes) {
  const int64_t at = class_of(bytes), size = (at + 1) * step;
  Blocks* const blocks = of_this_thread();
  count(blocks, -size);
  if (blocks) {
    Class& c = blocks->classes[static_cast<size_t>(at)];
    if (c.owed > 0) {
      --c.owed;
      if (static_cast<int64_t>(c.blocks.size()) * size < most_kept) return c.blocks.push_back(p);
    }
  }
  std::free(p);
}

int64_t SmallBlocks::in_use() {
  std::lock_guard lock(everybody().mutex);
  int64_t bytes = everybody().in_use;
  for (const Blocks* b : everybody().threads) bytes += b->in_use.load(std::memory_order_relaxed);
  return bytes;
}

}  // namespace deepseek
