// Taking the graph lock without a deadlock: its holder may need Python's lock, so that is given back while waiting.
#pragma once
#include <mutex>

#include "deepseek/graph/node.h"

namespace deepseek {

inline std::unique_lock<std::recursive_mutex> lock_graph() {
  std::unique_lock lock(graph_mutex(), std::try_to_lock);
  if (!lock) {
    const BlockingScope waiting;
    lock.lock();
  }
  return lock;
}

}  // namespace deepseek
