// Matrix products of every dtype and layout against plain loops.
#include "deepseek/backends/cpu/gemm/matmul.h"

#include <random>

#include <gtest/gtest.h>

#include "deepseek/backends/cpu/fused/lane.h"
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/runtime/parallel.h"

using namespace deepseek;
using namespace deepseek::gemm;

namespace {

struct Case {
  Shape a, b;
  bool a_transposed = false, b_transposed = false;
  bool bias = false, relu = false, residual = false;
};

const Case cases[] = {
    {{3, 4}, {4, 5}},
    {{1, 1}, {1, 1}},
    {{33, 65}, {65, 70}},
    {{33, 65}, {65, 70}, true, true},
    {{70, 300}, {300, 90}, false, true, true, true},
    {{70, 300}, {300, 90}, true, false, true, false, true},
    {{64, 1024}, {1024, 128}, false, false, true, true, true},
    {{2, 3, 20, 30}, {30, 40}, false, true, true},
    {{2, 3, 20, 30}, {2, 1, 30, 40}},
    {{20, 30}, {4, 30, 25}, true},
    {{5, 4, 3}, {5, 3, 2}},
    {{1, 700}, {700, 600}, false, true},
    {{600, 700}, {700, 1}},
    {{6, 1, 40}, {40, 50}},
};

template <class S>
void fill(std::vector<S>& v, unsigned seed) {
  std::mt19937 random(seed);
  for (S& x : v) x = store_element<S>(static_cast<double>(static_cast<int>(random() % 5) - 2));
}

int64_t offset_of(const Shape& shape, const Strides& strides, int64_t i, const Shape& full) {
  int64_t offset = 0;
  for (int d = full.size() - 1; d >= 0; --d) {
    const int at = d - (full.size() - shape.size());
    if (at >= 0 && shape[at] != 1) offset += i % full[d] * strides[at];
    i /= full[d];
  }
  return offset;
}

Strides strides_of(const Shape& s, bool transposed) {
  Strides strides = contiguous_strides(s);
  if (transposed) strides[s.size() - 1] = s[s.size() - 2], strides[s.size() - 2] = 1;
  return strides;
}

template <class S>
struct Problem {
  KernelContext context;
  std::vector<std::vector<S>> inputs;
  Shape out;

  explicit Problem(const Case& c) {
    const DType type = dtype_of<S>;
    Shape batch_a = c.a, batch_b = c.b;
    batch_a.pop_back(), batch_a.pop_back(), batch_b.pop_back(), batch_b.pop_back();
    out = broadcast(batch_a, batch_b, "test");
    out.push_back(c.a[c.a.size() - 2]), out.push_back(c.b.back());
    add({type, c.a}, strides_of(c.a, c.a_transposed));
    add({type, c.b}, strides_of(c.b, c.b_transposed));
    if (c.bias) add({type, {c.b.back()}}, {1});
    if (c.residual) {
      context.post_ops.push_back({PostOp::Kind::add_operand, static_cast<int>(inputs.size())});
      add({type, out}, contiguous_strides(out));
    }
    if (c.relu) context.post_ops.push_back({PostOp::Kind::relu});
    context.outputs.push_back({{type, out}, contiguous_strides(out)});
  }
  void add(const Spec& spec, const Strides& strides) {
    context.inputs.push_back({spec, strides});
    inputs.emplace_back(static_cast<size_t>(spec.numel()));
    fill(inputs.back(), static_cast<unsigned>(inputs.size()));
  }

  std::vector<S> run(bool bias) {
    const KernelFn kernel = make_matmul(dtype_of<S>, matmul_shape(context.inputs[0], context.inputs[1], context.outputs[0]),
                                        {bias ? 2 : -1, context.post_ops});
    std::vector<S> result(static_cast<size_t>(out.numel()));
    std::vector<const void*> in;
    for (const auto& v : inputs) in.push_back(v.data());
    void* outputs[] = {result.data()};
    kernel(KernelRun{in.data(), outputs, nullptr, nullptr});
    return result;
  }

  // Sums of small whole numbers are exact in every type, then rounded once.
  std::vector<S> expected(const Case& c) const {
    const int64_t n = out.back(), m = out[out.size() - 2], k = c.a.back();
    Shape batch = out;
    batch.pop_back(), batch.pop_back();
    std::vector<S> result;
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t col = i % n, row = i / n % m, item = i / (n * m);
      double sum = 0;
      for (int64_t p = 0; p < k; ++p) {
        Shape full_a = batch, full_b = batch;
        full_a.push_back(m), full_a.push_back(k), full_b.push_back(k), full_b.push_back(n);
        sum += load_element<double>(inputs[0][static_cast<size_t>(offset_of(c.a, context.inputs[0].strides, (item * m + row) * k + p, full_a))]) *
               load_element<double>(inputs[1][static_cast<size_t>(offset_of(c.b, context.inputs[1].strides, (item * k + p) * n + col, full_b))]);
      }
      if (c.bias) sum += load_element<double>(inputs[2][static_cast<size_t>(col)]);
      if (c.residual) sum += load_element<double>(inputs.back()[static_cast<size_t>(i)]);
      if (c.relu) sum = std::max(sum, 0.0);
      result.push_back(store_element<S>(sum));
    }
    return result;
  }
};

template <class S>
std::vector<double> numbers(const std::vector<S>& v) {
  std::vector<double> out;
  for (S x : v) out.push_back(load_element<double>(x));
  return out;
}

template <class S>
void check() {
  for (const Case& c : cases) {
    Problem<S> p(c);
    EXPECT_EQ(numbers(p.run(c.bias)), numbers(p.expected(c))) << name_of(dtype_of<S>) << ' ' << to_string(c.a) << ' ' << to_string(c.b);
  }
}

}  // namespace

TEST(MatMul, EqualsLoops) {
  check<float>();
  check<double>();
  check<bfloat16_t>();
  check<float16_t>();
  check<int32_t>();
  check<int64_t>();
  check<int16_t>();
}

TEST(MatMul, EqualsLoopsOnSmallerMachines) {
  const fused::Isa best = fused::current_isa();
  for (fused::Isa isa : {fused::Isa::baseline, fused::Isa::avx2}) {
    fused::set_isa(isa);
    check<double>();
    check<int32_t>();
  }
  fused::set_isa(best);
}

TEST(MatMul, SameBitsAtAnyNumberOfThreads) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  const int before = num_threads();
  for (const Case& c : cases) {
    Problem<float> p(c);
    for (auto& v : p.inputs)
      for (float& x : v) x = normal(random);
    std::vector<std::vector<float>> results;
    for (int threads : {1, 2, 4}) {
      set_num_threads(threads);
      results.push_back(p.run(c.bias));
    }
    EXPECT_EQ(results[1], results[0]) << to_string(c.a);
    EXPECT_EQ(results[2], results[0]) << to_string(c.a);
  }
  set_num_threads(before);
}
