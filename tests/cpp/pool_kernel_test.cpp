// Pools against plain loops over channels-last memory.
#include "deepseek/backends/cpu/pool/pool.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/storage.h"

using namespace deepseek;
using namespace deepseek::pool;

namespace {

struct Case {
  int64_t batch, channels, size, kernel, stride, pad, dilation;
};
const Case cases[] = {{2, 3, 8, 2, 2, 0, 1}, {1, 70, 9, 3, 2, 1, 1}, {3, 130, 6, 3, 1, 1, 1}, {2, 5, 11, 3, 2, 1, 2}};

Windows windows_of(const Case& c) {
  Windows w{.spatial = 2, .batch = c.batch, .channels = c.channels};
  w.ranges[0] = {{0, 1, 1}};
  const int64_t out = (c.size + 2 * c.pad - c.dilation * (c.kernel - 1) - 1) / c.stride + 1;
  for (size_t d : {1u, 2u}) {
    w.in[d] = c.size, w.out[d] = out, w.step[d] = c.dilation;
    for (int64_t i = 0; i < out; ++i) {
      int64_t first = i * c.stride - c.pad;
      const int64_t last = std::min(c.size, first + (c.kernel - 1) * c.dilation + 1);
      while (first < 0) first += c.dilation;
      w.ranges[d].push_back({first, last, (last - first + c.dilation - 1) / c.dilation});
    }
  }
  return w;
}

template <class T>
std::vector<T> run(const std::function<KernelFn(KernelContext&)>& make, const std::vector<std::pair<Shape, std::vector<float>>>& in, const Shape& out) {
  KernelContext context;
  std::vector<const void*> inputs;
  for (const auto& [shape, values] : in) {
    context.inputs.push_back({{DType::float32, shape}, contiguous_strides(shape)});
    inputs.push_back(values.data());
  }
  context.outputs.push_back({{dtype_of<T>, out}, contiguous_strides(out)});
  const KernelFn kernel = make(context);
  std::vector<T> result(static_cast<size_t>(out.numel()));
  void* outputs[] = {result.data()};
  kernel(KernelRun{inputs.data(), outputs, nullptr, nullptr});
  return result;
}

// Visits places of each output: f(output index, input index, first of the window), all in channels-last order.
template <class F>
void visit(const Windows& w, F f) {
  int64_t at = 0;
  for (int64_t n = 0; n < w.batch; ++n)
    for (const Range& y : w.ranges[1])
      for (const Range& x : w.ranges[2])
        for (int64_t c = 0; c < w.channels; ++c, ++at) {
          bool first = true;
          for (int64_t i = y.first; i < y.last; i += w.step[1])
            for (int64_t j = x.first; j < x.last; j += w.step[2], first = false)
              f(at, ((n * w.in[1] + i) * w.in[2] + j) * w.channels + c, first);
        }
}

}  // namespace

TEST(Pool, EqualsLoops) {
  std::mt19937 random(3);
  for (const Case& c : cases) {
    const Windows w = windows_of(c);
    const Shape in{c.batch, c.channels, c.size, c.size}, out{c.batch, c.channels, w.out[1], w.out[2]};
    std::vector<float> x(static_cast<size_t>(in.numel())), dy(static_cast<size_t>(out.numel()));
    for (float& v : x) v = static_cast<float>(random() % 9);  // ties
    for (float& v : dy) v = static_cast<float>(random() % 9);
    x[5] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> largest(dy.size()), sum(dy.size()), scattered(x.size()), spread(x.size()), gathered(dy.size());
    std::vector<int64_t> place(dy.size()), count(dy.size());
    visit(w, [&](int64_t o, int64_t i, bool first) {
      const auto a = static_cast<size_t>(o), b = static_cast<size_t>(i);
      if (first || x[b] > largest[a] || (std::isnan(x[b]) && !std::isnan(largest[a]))) largest[a] = x[b], place[a] = i;
      sum[a] += x[b];
      ++count[a];
    });
    visit(w, [&](int64_t o, int64_t i, bool) { spread[static_cast<size_t>(i)] += dy[static_cast<size_t>(o)] / static_cast<float>(count[static_cast<size_t>(o)]); });
    for (size_t o = 0; o < place.size(); ++o) {
      scattered[static_cast<size_t>(place[o])] += dy[o];
      gathered[o] = x[static_cast<size_t>(place[o])];
      place[o] = place[o] / c.channels % (c.size * c.size);
    }
    const auto max = [&](MaxKind kind) { return [kind, &w](KernelContext& k) { return make_max(kind, w, k); }; };
    const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
      for (size_t i = 0; i < a.size(); ++i) {
        if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || std::abs(a[i] - b[i]) < 1e-5f * std::abs(b[i]))) return false;
      }
      return a.size() == b.size();
    };
    EXPECT_TRUE(same(run<float>(max(MaxKind::value), {{in, x}}, out), largest));
    EXPECT_EQ(run<int64_t>(max(MaxKind::index), {{in, x}}, out), place);
    EXPECT_TRUE(same(run<float>(max(MaxKind::scatter), {{in, x}, {out, dy}}, in), scattered));
    EXPECT_TRUE(same(run<float>(max(MaxKind::gather), {{in, x}, {in, x}}, out), gathered));
    for (size_t o = 0; o < sum.size(); ++o) sum[o] /= static_cast<float>(count[o]);
    EXPECT_TRUE(same(run<float>([&](KernelContext& k) { return make_average(false, w, k); }, {{in, x}}, out), sum));
    EXPECT_TRUE(same(run<float>([&](KernelContext& k) { return make_average(true, w, k); }, {{out, dy}}, in), spread));
  }
}
