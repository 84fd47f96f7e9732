#include "deepseek/runtime/parallel.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include <pthread.h>

#if defined(__SANITIZE_THREAD__)
#define DEEPSEEK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DEEPSEEK_TSAN 1
#endif
#endif

// libgomp's own entry points: the same pool from every compiler, where clang's -fopenmp would bring a second one.
extern "C" {
void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags);
int omp_get_max_threads();
int omp_get_num_threads();
int omp_get_thread_num();
void omp_set_num_threads(int count);
#ifdef DEEPSEEK_TSAN
void __tsan_acquire(void* address);
void __tsan_release(void* address);
#endif
}

namespace deepseek {
namespace {

// libgomp is not instrumented: its fork and join have to be told to the thread sanitizer.
void happens_before([[maybe_unused]] void* address) {
#ifdef DEEPSEEK_TSAN
  __tsan_release(address);
#endif
}
void happens_after([[maybe_unused]] void* address) {
#ifdef DEEPSEEK_TSAN
  __tsan_acquire(address);
#endif
}

std::atomic<int> thread_count{0};  // 0: not asked for yet
std::atomic<bool> pool_busy{false};
std::atomic<bool> forked{false};
thread_local bool inside_region = false;
thread_local int bound_count = 0;  // what this thread last told OpenMP

// libgomp's threads do not exist in a forked child and waiting for them would hang: the child computes alone.
void serial_in_child() {
  forked.store(true, std::memory_order_relaxed);
  thread_count.store(1, std::memory_order_relaxed);
  pool_busy.store(false, std::memory_order_relaxed);
  omp_set_num_threads(1);
  bound_count = 1;
}

struct Team {
  int64_t chunks;
  detail::ChunkRunner runner;
  void* body;
  std::mutex mutex;
  std::exception_ptr error;  // of the first share that failed; shares are in the order of the chunks
  int64_t failed_thread = -1;
};

void run_share(void* opaque) {
  Team& team = *static_cast<Team*>(opaque);
  happens_after(&team);
  int64_t threads = omp_get_num_threads(), self = omp_get_thread_num();
  int64_t first = team.chunks * self / threads, last = team.chunks * (self + 1) / threads;
  bool outer = std::exchange(inside_region, true);
  try {
    team.runner(team.body, first, last);
  } catch (...) {
    std::lock_guard lock(team.mutex);
    if (!team.error || self < team.failed_thread) {
      team.error = std::current_exception();
      team.failed_thread = self;
    }
  }
  inside_region = outer;
  happens_before(&team);
}

}  // namespace

int num_threads() {
  int count = thread_count.load(std::memory_order_relaxed);
  if (count > 0) return count;
  static const int initial = [] {
    pthread_atfork(nullptr, nullptr, serial_in_child);
    return std::max(omp_get_max_threads(), 1);
  }();
  thread_count.compare_exchange_strong(count, initial, std::memory_order_relaxed);
  return thread_count.load(std::memory_order_relaxed);
}

void set_num_threads(int count) {
  num_threads();  // registers the fork handler
  if (!forked.load(std::memory_order_relaxed)) thread_count.store(std::max(count, 1), std::memory_order_relaxed);
  bind_library_threads();
}

bool in_parallel_region() {
  return inside_region;
}

void bind_library_threads() {
  int count = num_threads();
  if (bound_count == count) return;
  omp_set_num_threads(count);
  bound_count = count;
}

namespace detail {

void run_chunks(int64_t chunks, ChunkRunner runner, void* body) {
  int threads = static_cast<int>(std::min<int64_t>(num_threads(), chunks));
  bool idle = false;
  if (threads <= 1 || inside_region || !pool_busy.compare_exchange_strong(idle, true, std::memory_order_acquire)) {
    runner(body, 0, chunks);
    return;
  }
  Team team{chunks, runner, body, {}, {}, -1};
  happens_before(&team);
  GOMP_parallel(run_share, &team, static_cast<unsigned>(threads), 0);
  happens_after(&team);
  pool_busy.store(false, std::memory_order_release);
  if (team.error) std::rethrow_exception(team.error);
}

}  // namespace detail
}  // namespace deepseek
