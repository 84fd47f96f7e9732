// Built outside the project against an installed tree: headers, library and package files must suffice.
#include <cmath>
#include <cstdint>
#include <vector>

#include "deepseek/ops.h"
#include "deepseek/runtime/parallel.h"

int main() {
  std::vector<int64_t> parts(10);
  deepseek::parallel_for(100, 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) parts[begin / 10] += i;
  });
  int64_t sum = 0;
  for (int64_t part : parts) sum += part;
  // LAPACK, which is found at run time.
  const std::vector<deepseek::Tensor> factors = deepseek::linalg::svd(deepseek::eye(20));
  return sum == 4950 && std::abs(deepseek::sum(factors[1]).item() - 20) < 1e-4 ? 0 : 1;
}
