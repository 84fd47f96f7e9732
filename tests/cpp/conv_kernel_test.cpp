// The two ways of convolving against each other and against plain loops.
#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/conv/direct_weight.h"
#include "deepseek/backends/cpu/fused/lane.h"

#include <random>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/half.h"

using namespace deepseek;
using namespace deepseek::conv;

namespace {

struct Case {
  const char* name;
  int64_t batch, groups, in_channels, out_channels;
  int spatial;
  int64_t size, kernel, stride, dilation, pad;
};

const Case cases[] = {
    {"mnist1", 8, 1, 1, 32, 2, 20, 3, 1, 1, 0},   {"mnist2", 4, 1, 16, 32, 2, 26, 3, 1, 1, 0},  {"padded", 3, 1, 5, 7, 2, 9, 3, 1, 1, 1},
    {"strided", 4, 1, 16, 32, 2, 14, 3, 2, 1, 1}, {"uneven", 2, 1, 8, 16, 2, 8, 3, 2, 1, 0},    {"dilated", 2, 1, 16, 16, 2, 12, 3, 1, 2, 2},
    {"depthwise", 4, 32, 32, 32, 2, 10, 3, 1, 1, 1}, {"groups", 2, 2, 8, 12, 2, 9, 3, 2, 1, 1}, {"pointwise", 5, 1, 64, 128, 2, 7, 1, 1, 1, 0},
    {"deep", 3, 1, 32, 128, 2, 7, 3, 1, 1, 1},   {"line", 3, 1, 4, 6, 1, 17, 5, 2, 1, 2},      {"volume", 2, 1, 8, 16, 3, 6, 3, 1, 1, 1},
    {"rows", 1, 1, 16, 24, 2, 28, 3, 1, 1, 1},   {"strided_rows", 2, 1, 10, 40, 2, 34, 3, 2, 1, 1}, {"dilated_rows", 1, 1, 16, 16, 2, 36, 3, 1, 2, 2},
    {"deep_volume", 1, 1, 16, 24, 3, 8, 3, 1, 1, 1}, {"doubling", 1, 1, 16, 32, 3, 16, 2, 2, 1, 0}, {"wide_pad", 1, 1, 16, 16, 2, 32, 5, 3, 1, 4},
};

ConvShape shape_of(const Case& c, Kind kind) {
  ConvShape s{.kind = kind, .spatial = c.spatial, .batch = c.batch, .groups = c.groups, .in_channels = c.in_channels,
              .out_channels = c.out_channels};
  for (size_t d = static_cast<size_t>(3 - c.spatial); d < 3; ++d) {
    s.in[d] = c.size, s.kernel[d] = c.kernel, s.stride[d] = c.stride, s.dilation[d] = c.dilation, s.pad[d] = c.pad;
    s.out[d] = (c.size + 2 * c.pad - c.dilation * (c.kernel - 1) - 1) / c.stride + 1;
  }
  return s;
}

Shape with_space(int64_t a, int64_t b, const Triple& t, int spatial) {
  Shape s{a, b};
  for (size_t d = static_cast<size_t>(3 - spatial); d < 3; ++d) s.push_back(t[d]);
  return s;
}

// Values by logical row-major index; memory by strides.
template <class T>
struct Data {
  Spec spec;
  std::vector<T> values;
  Data(DType type, const Shape& shape) : spec{type, shape}, values(static_cast<size_t>(shape.numel())) {}
};

int64_t at(const Shape& shape, const Strides& strides, int64_t i) {
  int64_t offset = 0;
  for (int d = shape.size() - 1; d >= 0; --d) offset += i % shape[d] * strides[d], i /= shape[d];
  return offset;
}

template <class T>
std::vector<T> run(KernelFn (*make)(const ConvShape&, KernelContext&), const ConvShape& s, const std::vector<Data<T>>& in, const Spec& out) {
  KernelContext context;
  for (const Data<T>& d : in) context.inputs.push_back({d.spec, contiguous_strides(d.spec.shape)});
  context.outputs.push_back({out, contiguous_strides(out.shape)});
  const KernelFn kernel = make(s, context);
  EXPECT_TRUE(static_cast<bool>(kernel));
  std::vector<StorageRef> memory;
  std::vector<const void*> inputs;
  for (size_t i = 0; i < in.size(); ++i) {
    memory.push_back(Storage::allocate(in[i].spec.bytes()));
    for (int64_t j = 0; j < in[i].spec.numel(); ++j) {
      reinterpret_cast<T*>(memory.back()->data())[at(in[i].spec.shape, context.inputs[i].strides, j)] = in[i].values[static_cast<size_t>(j)];
    }
    inputs.push_back(memory.back()->data());
  }
  StorageRef workspace = Storage::allocate(context.workspace + 64), result = Storage::allocate(out.bytes());
  void* outputs[] = {result->data()};
  kernel(KernelRun{inputs.data(), outputs, workspace->data(), nullptr});
  std::vector<T> values(static_cast<size_t>(out.numel()));
  for (int64_t j = 0; j < out.numel(); ++j) {
    values[static_cast<size_t>(j)] = reinterpret_cast<T*>(result->data())[at(out.shape, context.outputs[0].strides, j)];
  }
  return values;
}

// Visits every product of the convolution: f(x index, w index, y index).
template <class F>
void visit(const ConvShape& s, F f) {
  const int64_t ci = s.in_channels / s.groups, co = s.out_channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t o = 0; o < s.out_channels; ++o)
      for (int64_t p = 0; p < s.out_pixels(); ++p)
        for (int64_t c = 0; c < ci; ++c)
          for (int64_t t = 0; t < s.taps(); ++t) {
            const int64_t z = p / (s.out[1] * s.out[2]) * s.stride[0] - s.pad[0] + t / (s.kernel[1] * s.kernel[2]) * s.dilation[0];
            const int64_t y = p / s.out[2] % s.out[1] * s.stride[1] - s.pad[1] + t / s.kernel[2] % s.kernel[1] * s.dilation[1];
            const int64_t x = p % s.out[2] * s.stride[2] - s.pad[2] + t % s.kernel[2] * s.dilation[2];
            if (z < 0 || z >= s.in[0] || y < 0 || y >= s.in[1] || x < 0 || x >= s.in[2]) continue;
            f(((n * s.in_channels + o / co * ci + c) * s.in[0] + z) * s.in[1] * s.in[2] + y * s.in[2] + x, (o * ci + c) * s.taps() + t,
              (n * s.out_channels + o) * s.out_pixels() + p);
          }
}

template <class T>
struct Problem {
  ConvShape shape;
  std::vector<Data<T>> inputs;
  Spec out;
  std::vector<T> expected;
};

// Small whole numbers: every sum is exact, so any order of addition gives the same.
template <class T>
Problem<T> problem(const Case& c, Kind kind) {
  const DType type = dtype_of<T>;
  const ConvShape s = shape_of(c, kind);
  Data<T> x(type, with_space(s.batch, s.in_channels, s.in, s.spatial)), w(type, with_space(s.out_channels, s.in_channels / s.groups, s.kernel, s.spatial)),
      y(type, with_space(s.batch, s.out_channels, s.out, s.spatial));
  std::mt19937 random(7);
  for (Data<T>* d : {&x, &w, &y})
    for (T& v : d->values) v = static_cast<T>(static_cast<int>(random() % 7) - 3);
  Data<T>& target = kind == Kind::forward ? y : kind == Kind::backward_input ? x : w;
  std::vector<T> sum(target.values.size());
  visit(s, [&](int64_t i, int64_t j, int64_t k) {
    const T a = x.values[static_cast<size_t>(i)], b = w.values[static_cast<size_t>(j)], g = y.values[static_cast<size_t>(k)];
    if (kind == Kind::forward) sum[static_cast<size_t>(k)] += a * b;
    else if (kind == Kind::backward_input) sum[static_cast<size_t>(i)] += g * b;
    else sum[static_cast<size_t>(j)] += a * g;
  });
  Problem<T> p{s, {}, target.spec, sum};
  if (kind == Kind::forward) p.inputs = {x, w};
  else if (kind == Kind::backward_input) p.inputs = {y, w};
  else p.inputs = {x, y};
  return p;
}

constexpr Kind kinds[] = {Kind::forward, Kind::backward_input, Kind::backward_weight};

}  // namespace

TEST(Conv, PackedEqualsLoops) {
  for (const Case& c : cases) {
    for (Kind kind : kinds) {
      const auto p = problem<double>(c, kind);
      EXPECT_EQ(run(make_packed, p.shape, p.inputs, p.out), p.expected) << c.name << ' ' << static_cast<int>(kind);
      const auto f = problem<float>(c, kind);
      EXPECT_EQ(run(make_packed, f.shape, f.inputs, f.out), f.expected) << c.name << ' ' << static_cast<int>(kind);
    }
  }
}

TEST(Conv, LibraryEqualsLoops) {
  for (const Case& c : cases) {
    for (Kind kind : kinds) {
      const auto p = problem<float>(c, kind);
      EXPECT_EQ(run(make_library, p.shape, p.inputs, p.out), p.expected) << c.name << ' ' << static_cast<int>(kind);
    }
  }
}

// The products of weight gradients are compiled for each instruction set and chosen when a kernel is made.
TEST(Conv, WeightGradientEqualsLoopsOnEachInstructionSet) {
  int direct = 0;
  for (const fused::Isa isa : {fused::Isa::baseline, fused::Isa::avx2, fused::Isa::avx512}) {
    fused::set_isa(isa);
    for (const Case& c : cases) {
      const auto p = problem<float>(c, Kind::backward_weight);
      KernelContext probe;
      for (const auto& d : p.inputs) probe.inputs.push_back({d.spec, contiguous_strides(d.spec.shape)});
      probe.outputs.push_back({p.out, contiguous_strides(p.out.shape)});
      if (!make_direct_weight(p.shape, probe)) continue;
      ++direct;
      EXPECT_EQ(run(make_direct_weight, p.shape, p.inputs, p.out), p.expected) << c.name;
    }
  }
  fused::set_isa(fused::best_isa());
  EXPECT_GT(direct, 12);
}

// 16-bit floats: exact sums, rounded once.
TEST(Conv, BrainFloatEqualsLoops) {
  for (const Case& c : cases) {
    for (Kind kind : kinds) {
      const auto p = problem<float>(c, kind);
      std::vector<Data<uint16_t>> inputs;
      for (const Data<float>& d : p.inputs) {
        inputs.emplace_back(DType::bfloat16, d.spec.shape);
        for (size_t i = 0; i < d.values.size(); ++i) inputs.back().values[i] = to_bfloat16(d.values[i]).bits;
      }
      std::vector<uint16_t> expected;
      for (float v : p.expected) expected.push_back(to_bfloat16(v).bits);
      const Spec out{DType::bfloat16, p.out.shape};
      EXPECT_EQ(run(make_packed, p.shape, inputs, out), expected) << c.name << ' ' << static_cast<int>(kind);
      KernelContext probe;
      for (const auto& d : inputs) probe.inputs.push_back({d.spec, contiguous_strides(d.spec.shape)});
      probe.outputs.push_back({out, contiguous_strides(out.shape)});
      if (!make_library(p.shape, probe)) continue;  // the machine has no 16-bit products
      EXPECT_EQ(run(make_library, p.shape, inputs, out), expected) << c.name << ' ' << static_cast<int>(kind);
    }
  }
}

TEST(Conv, SameBitsAtAnyNumberOfThreads) {
  for (const Case& c : cases) {
    for (Kind kind : kinds) {
      auto p = problem<float>(c, kind);
      std::mt19937 random(3);
      std::normal_distribution<float> normal;
      for (auto& d : p.inputs)
        for (float& v : d.values) v = normal(random);
      std::vector<std::vector<float>> results;
      const int before = num_threads();
      for (int threads : {1, 2, 4}) {
        set_num_threads(threads);
        results.push_back(run(make_library, p.shape, p.inputs, p.out));
        results.push_back(run(make_packed, p.shape, p.inputs, p.out));
      }
      set_num_threads(before);
      for (size_t i = 2; i < results.size(); ++i) EXPECT_EQ(results[i], results[i % 2]) << c.name << ' ' << static_cast<int>(kind);
    }
  }
}
