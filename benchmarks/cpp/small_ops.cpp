// Cost of the graph itself: recording, evaluating a cached plan, and walking the tape, per op on 8 floats.
//
//   build/.../benchmarks/cpp/small_ops        Bars: 0.2 us per op recorded and evaluated, 0.4 ms for 1,000 ops with gradients.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"

using namespace deepseek;

namespace {

// Median of the time of one call, in microseconds.
template <class F>
double median_us(int repeats, F&& f) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return times[static_cast<size_t>(repeats / 2)];
}

Tensor chain(Tensor x, int n) {
  for (int i = 0; i < n; i += 2) {
    x = x * 1.001;
    x = x + 0.001;
  }
  return x;
}

}  // namespace

int main() {
  const Tensor x = Tensor::from_vector(std::vector<float>(8, 1.0f), {8});
  const Tensor w = Tensor::from_vector(std::vector<float>(8, 1.0f), {8}).set_requires_grad();
  constexpr int n = 1000;
  {
    NoGradGuard no_grad;
    std::printf("{\"record_us\": %.4f, ", median_us(200, [&] { chain(x, n); }) / n);
    std::printf("\"record_and_evaluate_us\": %.4f, ", median_us(200, [&] { chain(x, n).eval(); }) / n);
    std::printf("\"one_op_us\": %.4f, ", median_us(20000, [&] { (x + x).eval(); }));
  }
  std::printf("\"forward_ms\": %.4f, ", median_us(200, [&] { chain(w, n); }) / 1000);
  std::printf("\"walk_ms\": %.4f, ", median_us(200, [&] { autograd::grad({sum(chain(w, n))}, {w}); }) / 1000);
  std::printf("\"forward_backward_ms\": %.4f}\n", median_us(200, [&] {
                autograd::grad({sum(chain(w, n))}, {w})[0].eval();
              }) / 1000);
}
