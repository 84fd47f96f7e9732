// Tiled attention against loops in double.
#include "deepseek/backends/cpu/attention/flash.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"

using namespace deepseek;
using namespace deepseek::attention;

namespace {

struct Case {
  int64_t batch, heads, queries, keys, width, value_width;
  bool causal, mask, joined;  // joined: (l, n, h, e) memory, as after a projection
};
const Case cases[] = {{2, 3, 5, 7, 4, 6, false, false, false}, {1, 2, 130, 300, 16, 16, false, true, true}, {2, 2, 150, 150, 8, 8, true, false, true},
                      {1, 1, 70, 520, 32, 24, true, true, false}, {1, 4, 1, 9, 8, 8, false, false, false}};

struct Problem {
  Case c;
  KernelContext forward, backward;
  std::vector<float> q, k, v, mask, grad;
  double scale = 0.3;

  explicit Problem(const Case& c) : c(c) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    const Shape qs{c.batch, c.heads, c.queries, c.width}, ks{c.batch, c.heads, c.keys, c.width}, vs{c.batch, c.heads, c.keys, c.value_width},
        os{c.batch, c.heads, c.queries, c.value_width}, ms{c.queries, c.keys}, ls{c.batch, c.heads, c.queries};
    const auto operand = [&](const Shape& s) {
      return Operand{{DType::float32, s}, c.joined && s.size() == 4 ? strides_for_order(s, {2, 0, 1, 3}) : contiguous_strides(s)};
    };
    for (auto* x : {&q, &k, &v, &mask, &grad}) {
      const Shape& s = x == &q ? qs : x == &k ? ks : x == &v ? vs : x == &mask ? ms : os;
      x->resize(static_cast<size_t>(s.numel()));
      for (float& e : *x) e = normal(random);
    }
    forward.inputs = {operand(qs), operand(ks), operand(vs)};
    forward.outputs = {operand(os), operand(ls)};
    backward.inputs = {operand(qs), operand(ks), operand(vs), operand(os), operand(ls), operand(os)};
    backward.outputs = {operand(qs), operand(ks), operand(vs)};
    if (c.mask) forward.inputs.push_back(operand(ms)), backward.inputs.push_back(operand(ms));
  }

  std::vector<std::vector<float>> run() {
    const KernelFn f = make_forward({scale, c.causal}, forward), b = make_backward({scale, c.causal}, backward);
    std::vector<float> out(grad.size()), logsum(static_cast<size_t>(c.batch * c.heads * c.queries)), dq(q.size()), dk(k.size()), dv(v.size());
    const void* in[] = {q.data(), k.data(), v.data(), mask.data()};
    void* to[] = {out.data(), logsum.data()};
    f(KernelRun{in, to, nullptr, nullptr});
    backward.inputs[3].strides = forward.outputs[0].strides;
    const void* back_in[] = {q.data(), k.data(), v.data(), out.data(), logsum.data(), grad.data(), mask.data()};
    void* back_to[] = {dq.data(), dk.data(), dv.data()};
    b(KernelRun{back_in, back_to, nullptr, nullptr});
    return {out, dq, dk, dv};
  }

  std::vector<std::vector<double>> expected() const {
    std::vector<double> out(grad.size()), dq(q.size()), dk(k.size()), dv(v.size());
    const auto at = [&](const Operand& o, int64_t n, int64_t h, int64_t i, int64_t e) {
      return static_cast<size_t>(n * o.strides[0] + h * o.strides[1] + i * o.strides[2] + e * o.strides[3]);
    };
    const Operand &Q = backward.inputs[0], &K = backward.inputs[1], &V = backward.inputs[2], &O = backward.inputs[5];
    for (int64_t n = 0; n < c.batch; ++n)
      for (int64_t h = 0; h < c.heads; ++h)
        for (int64_t i = 0; i < c.queries; ++i) {
          std::vector<double> p(static_cast<size_t>(c.keys)), dp(p.size());
          double sum = 0, mean = 0;
          for (int64_t j = 0; j < c.keys; ++j) {
            double s = 0;
            for (int64_t e = 0; e < c.width; ++e) s += static_cast<double>(q[at(Q, n, h, i, e)]) * k[at(K, n, h, j, e)];
            s = s * scale + (c.mask ? mask[static_cast<size_t>(i * c.keys + j)] : 0);
            p[static_cast<size_t>(j)] = c.causal && j > i ? 0 : std::exp(s);
            sum += p[static_cast<size_t>(j)];
          }
          for (size_t j = 0; j < p.size(); ++j) {
            p[j] /= sum;
            for (int64_t e = 0; e < c.value_width; ++e) {
              const size_t v_at = at(V, n, h, static_cast<int64_t>(j), e), o_at = at(O, n, h, i, e);
              out[o_at] += p[j] * v[v_at];
              dv[v_at] += p[j] * grad[o_at];
              dp[j] += static_cast<double>(grad[o_at]) * v[v_at];
            }
            mean += p[j] * dp[j];
          }
          for (size_t j = 0; j < p.size(); ++j) {
            const double ds = p[j] * (dp[j] - mean) * scale;
            for (int64_t e = 0; e < c.width; ++e) {
              dq[at(Q, n, h, i, e)] += ds * k[at(K, n, h, static_cast<int64_t>(j), e)];
              dk[at(K, n, h, static_cast<int64_t>(j), e)] += ds * q[at(Q, n, h, i, e)];
            }
          }
        }
    return {out, dq, dk, dv};
  }
};

}  // namespace

TEST(Attention, EqualsLoops) {
  for (const Case& c : cases) {
    Problem p(c);
    const auto got = p.run();
    const auto expected = p.expected();
    for (size_t i = 0; i < got.size(); ++i) {
      double worst = 0;
      for (size_t e = 0; e < got[i].size(); ++e) worst = std::max(worst, std::abs(got[i][e] - expected[i][e]));
      EXPECT_LT(worst, 2e-5) << i << " with " << c.queries << " queries";
    }
  }
}

TEST(Attention, SameBitsAtAnyNumberOfThreads) {
  const int before = num_threads();
  for (const Case& c : cases) {
    std::vector<std::vector<std::vector<float>>> results;
    for (int threads : {1, 2, 4}) {
      set_num_threads(threads);
      results.push_back(Problem(c).run());
    }
    EXPECT_EQ(results[1], results[0]);
    EXPECT_EQ(results[2], results[0]);
  }
  set_num_threads(before);
}
