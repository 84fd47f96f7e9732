#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace deepseek {

/// Threads that a parallel region may use: OMP_NUM_THREADS or the cores at start, 1 in a forked child.
/// Kernels of the library are planned for this number, so it belongs in the key of any plan that holds them.
int num_threads();

/// Sets the number for the whole process; at least 1.
void set_num_threads(int count);

/// True inside the body of parallel_for.
bool in_parallel_region();

/// Makes oneDNN's calls from this thread use num_threads() too (OpenMP keeps the number per thread).
void bind_library_threads();

namespace detail {

using ChunkRunner = void (*)(void* body, int64_t first_chunk, int64_t last_chunk);

/// Runs chunks [0, chunks) on the pool, each thread one contiguous range of them.
void run_chunks(int64_t chunks, ChunkRunner runner, void* body);

}  // namespace detail

/// Calls body(begin, end) over [0, n) in chunks of `grain`. The boundaries depend on n and grain only, never on the
/// number of threads, so a result per chunk combined in order is the same at any number of threads. The first
/// exception, in the order of the chunks, is thrown again after all threads have finished. Serial when one chunk
/// holds all, inside another parallel_for, while another thread uses the pool, and after a fork.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& body) {
  if (n <= 0) return;
  if (n <= grain) {
    body(int64_t{0}, n);
    return;
  }
  using Body = std::remove_reference_t<F>;
  struct Job {
    int64_t n, grain;
    Body* body;
  } job{n, std::max<int64_t>(grain, 1), std::addressof(body)};
  detail::run_chunks((n + job.grain - 1) / job.grain,
                     [](void* opaque, int64_t first, int64_t last) {
                       const Job& job = *static_cast<Job*>(opaque);
                       for (int64_t chunk = first; chunk < last; ++chunk) {
                         int64_t begin = chunk * job.grain;
                         (*job.body)(begin, std::min(begin + job.grain, job.n));
                       }
                     },
                     &job);
}

}  // namespace deepseek
