#include "deepseek/runtime/parallel.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace deepseek;

namespace {

using Ranges = std::vector<std::pair<int64_t, int64_t>>;

Ranges chunks_of(int64_t n, int64_t grain) {
  std::mutex mutex;
  Ranges ranges;
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    std::lock_guard lock(mutex);
    ranges.emplace_back(begin, end);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

TEST(Parallel, CoversEachIndexOnce) {
  std::vector<int> seen(10007);
  parallel_for(10007, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++seen[i];
  });
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 10007);
}

TEST(Parallel, BoundariesDoNotDependOnThreads) {
  int before = num_threads();
  set_num_threads(1);
  Ranges expected = chunks_of(1000, 7);
  EXPECT_EQ(expected.size(), 143u);
  EXPECT_EQ(expected.back(), std::make_pair(int64_t{994}, int64_t{1000}));
  for (int threads : {2, 3, 4, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(chunks_of(1000, 7), expected);
  }
  set_num_threads(before);
}

TEST(Parallel, EmptyAndSmall) {
  EXPECT_TRUE(chunks_of(0, 8).empty());
  EXPECT_EQ(chunks_of(8, 8), (Ranges{{0, 8}}));
  EXPECT_EQ(chunks_of(3, 0), (Ranges{{0, 1}, {1, 2}, {2, 3}}));
}

TEST(Parallel, NestedRunsInTheSameThread) {
  set_num_threads(4);
  std::vector<int> seen(64);
  parallel_for(8, 1, [&](int64_t outer, int64_t) {
    EXPECT_TRUE(in_parallel_region());
    auto self = std::this_thread::get_id();
    parallel_for(8, 1, [&](int64_t inner, int64_t) {
      EXPECT_TRUE(std::this_thread::get_id() == self);
      ++seen[outer * 8 + inner];
    });
  });
  EXPECT_FALSE(in_parallel_region());
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 64);
}

TEST(Parallel, FirstExceptionInOrderOfChunks) {
  for (int threads : {1, 2, 4}) {
    set_num_threads(threads);
    std::string message;
    try {
      parallel_for(1000, 1, [](int64_t begin, int64_t) {
        if (begin == 10 || begin == 990) throw std::runtime_error(std::to_string(begin));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "10");
    EXPECT_FALSE(in_parallel_region());
  }
  EXPECT_EQ(chunks_of(10, 5).size(), 2u);
}

TEST(Parallel, SeveralHostThreads) {
  set_num_threads(2);
  std::vector<int64_t> sums(4);
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host) {
    hosts.emplace_back([&sums, host] {
      for (int round = 0; round < 200; ++round) {
        std::vector<int64_t> parts(10);
        parallel_for(100, 10, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) parts[begin / 10] += i;
        });
        sums[host] += std::accumulate(parts.begin(), parts.end(), int64_t{0});
      }
    });
  }
  for (std::thread& host : hosts) host.join();
  for (int64_t sum : sums) EXPECT_EQ(sum, 200 * 4950);
}

TEST(Parallel, ForkedChildComputesAlone) {
  set_num_threads(2);
  chunks_of(100, 1);  // the pool exists before the fork
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    bool good = num_threads() == 1 && chunks_of(100, 1).size() == 100;
    _exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(num_threads(), 2);
}

}  // namespace
