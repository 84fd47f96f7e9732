// Built outside the project against an installed tree: headers, library and package files must suffice.
#include <cstdint>
#include <vector>

#include "deepseek/runtime/parallel.h"

int main() {
  std::vector<int64_t> parts(10);
  deepseek::parallel_for(100, 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) parts[begin / 10] += i;
  });
  int64_t sum = 0;
  for (int64_t part : parts) sum += part;
  return sum == 4950 ? 0 : 1;
}
