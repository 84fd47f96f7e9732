// Times of fused programs: the shapes that training and inference are made of. The best of several runs; on one thread its
// processor time, so that other work on the machine counts less. GB/s counts each input and output once.
// Usage: fused_programs [name prefix] [threads]
#include <ctime>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "deepseek/backends/cpu/fused/math.h"
#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/runtime/parallel.h"

using namespace deepseek;
using namespace deepseek::fused;

namespace {

double now() {
  timespec t;
  clock_gettime(num_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Add { template <class T> static T lane(T a, T b) { return a + b; } };
struct Sub { template <class T> static T lane(T a, T b) { return a - b; } };
struct Mul { template <class T> static T lane(T a, T b) { return a * b; } };
struct Div { template <class T> static T lane(T a, T b) { return a / b; } };
struct Exp { template <class T> static T lane(T a) { return fused::exp(a); } };
struct Rsqrt { template <class T> static T lane(T a) { return T(1) / std::sqrt(a); } };
struct Sqrt { template <class T> static T lane(T a) { return std::sqrt(a); } };
struct Relu { template <class T> static T lane(T a) { return a > T(0) ? a : T(0); } };
constexpr const LaneOp& op_add = lane_op<Add, Floating>;
constexpr const LaneOp& op_sub = lane_op<Sub, Floating>;
constexpr const LaneOp& op_mul = lane_op<Mul, Floating>;
constexpr const LaneOp& op_div = lane_op<Div, Floating>;
constexpr const LaneOp& op_exp = lane_op<Exp, Floating>;
constexpr const LaneOp& op_rsqrt = lane_op<Rsqrt, Floating>;
constexpr const LaneOp& op_sqrt = lane_op<Sqrt, Floating>;
constexpr const LaneOp& op_relu = lane_op<Relu, Floating>;

// Writes a program and owns its memory.
class Bench {
 public:
  Bench(Dims domain, std::vector<int> reduced = {}) {
    program_.domain = domain;
    for (int d : reduced) program_.reduced |= 1u << d;
  }
  int load(Strides strides, DType dtype = DType::float32) { return access(Step::Kind::load, strides, dtype, -1); }
  int load() { return load(contiguous_strides(program_.domain)); }
  int scalar(float value) {
    Access a;
    a.kind = Access::Kind::scalar;
    a.buffer = static_cast<int>(scalars_.size());
    uint64_t cell = 0;
    std::memcpy(&cell, &value, sizeof value);
    scalars_.push_back(cell);
    program_.accesses.push_back(a);
    Step s;
    s.access = static_cast<int>(program_.accesses.size()) - 1;
    return push(s);
  }
  int op(const LaneOp& lane, std::vector<int> args) {
    Step s;
    s.kind = Step::Kind::compute;
    s.op = &lane;
    std::copy(args.begin(), args.end(), s.args.begin());
    return push(s);
  }
  int reduce(ReduceKind kind, int value) {
    Step s;
    s.kind = Step::Kind::reduce;
    s.reduce = kind;
    s.args[0] = value;
    return push(s);
  }
  void store(int value, Strides strides, DType dtype = DType::float32) { access(Step::Kind::store, strides, dtype, value); }
  void store(int value) { store(value, contiguous_strides(program_.domain)); }
  // Stores over the memory of a load.
  void store_in_place(int value, int load) {
    Access a = program_.accesses[static_cast<size_t>(program_.steps[static_cast<size_t>(load)].access)];
    pointers_.push_back(pointers_[static_cast<size_t>(a.buffer)]);
    bytes_ += program_.domain.numel() * size_of(a.dtype);
    a.buffer = static_cast<int>(pointers_.size()) - 1;
    program_.accesses.push_back(a);
    Step s;
    s.kind = Step::Kind::store;
    s.access = static_cast<int>(program_.accesses.size()) - 1;
    s.args[0] = value;
    push(s);
  }

  void time(const std::string& name) {
    const auto kernel = compile(program_);
    const auto seconds = [&](int64_t times) {
      const double start = now();
      for (int64_t i = 0; i < times; ++i) kernel->run(pointers_.data(), scalars_.data());
      return (now() - start) / static_cast<double>(times);
    };
    const double once = std::max(seconds(2), 1e-9);
    const int64_t times = std::max<int64_t>(1, static_cast<int64_t>(0.005 / once));
    double best = 1e9;
    for (int i = 0; i < 12; ++i) best = std::min(best, seconds(times));
    if (best < 1e-5) std::printf("%-44s %10.1f ns\n", name.c_str(), best * 1e9);
    else std::printf("%-44s %10.3f ms %8.1f GB/s\n", name.c_str(), best * 1e3, static_cast<double>(bytes_) / best * 1e-9);
    std::fflush(stdout);
  }

 private:
  int push(const Step& s) {
    program_.steps.push_back(s);
    return static_cast<int>(program_.steps.size()) - 1;
  }
  int access(Step::Kind kind, const Strides& strides, DType dtype, int value) {
    int64_t elements = 1, touched = 1;
    for (int d = 0; d < strides.size(); ++d) {
      elements += (program_.domain[d] - 1) * std::abs(strides[d]);
      if (strides[d] != 0) touched *= program_.domain[d];
    }
    bytes_ += touched * size_of(dtype);
    const auto bytes = static_cast<size_t>(elements * size_of(dtype) + 63) / 64 * 64;
    memory_.emplace_back(static_cast<char*>(std::aligned_alloc(64, bytes)), &std::free);
    std::memset(memory_.back().get(), 0, bytes);
    if (dtype == DType::float32) {
      auto* f = reinterpret_cast<float*>(memory_.back().get());
      for (int64_t i = 0; i < elements; ++i) f[i] = static_cast<float>(i % 97) * 0.01f;
    }
    pointers_.push_back(memory_.back().get());
    Access a;
    a.dtype = dtype;
    a.buffer = static_cast<int>(pointers_.size()) - 1;
    a.strides = strides;
    program_.accesses.push_back(a);
    Step s;
    s.kind = kind;
    s.access = static_cast<int>(program_.accesses.size()) - 1;
    s.args[0] = value;
    return push(s);
  }

  Program program_;
  std::vector<std::unique_ptr<char, decltype(&std::free)>> memory_;
  std::vector<void*> pointers_;
  std::vector<uint64_t> scalars_;
  int64_t bytes_ = 0;
};

struct Case {
  std::string name;
  std::function<void(const std::string&)> run;
};

void chain(const std::string& name, int64_t n) {
  Bench b({n});
  int x = b.load();
  const int y = b.scalar(1.01f), z = b.scalar(0.5f);
  for (int i = 0; i < 4; ++i) {
    x = b.op(op_mul, {x, y});
    x = b.op(op_add, {x, z});
    x = b.op(i % 2 ? op_relu : op_sqrt, {x});
  }
  b.store(x);
  b.time(name);
}

void softmax(const std::string& name, int64_t rows, int64_t n, DType dtype = DType::float32) {
  Bench b({rows, n}, {1});
  const int x = b.load(contiguous_strides({rows, n}), dtype);
  const int e = b.op(op_exp, {b.op(op_sub, {x, b.reduce(ReduceKind::max, x)})});
  b.store(b.op(op_div, {e, b.reduce(ReduceKind::sum, e)}), contiguous_strides({rows, n}), dtype);
  b.time(name);
}

// y = (x - mean) rstd gamma + beta, saving mean and rstd.
void norm(const std::string& name, Dims domain, std::vector<int> reduced, Strides row, Strides weights) {
  Bench b(domain, reduced);
  int64_t count = 1;
  for (int d : reduced) count *= domain[d];
  const int x = b.load(), inv = b.scalar(1.0f / static_cast<float>(count)), eps = b.scalar(1e-5f);
  const int mean = b.op(op_mul, {b.reduce(ReduceKind::sum, x), inv});
  const int d = b.op(op_sub, {x, mean});
  const int variance = b.op(op_mul, {b.reduce(ReduceKind::sum, b.op(op_mul, {d, d})), inv});
  const int rstd = b.op(op_rsqrt, {b.op(op_add, {variance, eps})});
  b.store(mean, row);
  b.store(rstd, row);
  b.store(b.op(op_add, {b.op(op_mul, {b.op(op_mul, {d, rstd}), b.load(weights)}), b.load(weights)}));
  b.time(name);
}

// dx = rstd (g - mean(g) - h mean(g h)) with g = dy gamma, h = (x - mean) rstd.
void norm_backward(const std::string& name, Dims domain, std::vector<int> reduced, Strides row, Strides weights) {
  Bench b(domain, reduced);
  int64_t count = 1;
  for (int d : reduced) count *= domain[d];
  const int x = b.load(), dy = b.load(), inv = b.scalar(1.0f / static_cast<float>(count));
  const int mean = b.load(row), rstd = b.load(row);
  const int h = b.op(op_mul, {b.op(op_sub, {x, mean}), rstd});
  const int g = b.op(op_mul, {dy, b.load(weights)});
  const int mean_g = b.op(op_mul, {b.reduce(ReduceKind::sum, g), inv});
  const int mean_gh = b.op(op_mul, {b.reduce(ReduceKind::sum, b.op(op_mul, {g, h})), inv});
  b.store(b.op(op_mul, {rstd, b.op(op_sub, {b.op(op_sub, {g, mean_g}), b.op(op_mul, {h, mean_gh})})}));
  b.time(name);
}

void weight_gradients(const std::string& name, int64_t rows, int64_t n) {
  Bench b({rows, n}, {0});
  const int x = b.load(), dy = b.load(), mean = b.load({1, 0}), rstd = b.load({1, 0});
  const int h = b.op(op_mul, {b.op(op_sub, {x, mean}), rstd});
  b.store(b.reduce(ReduceKind::sum, b.op(op_mul, {dy, h})), {0, 1});
  b.store(b.reduce(ReduceKind::sum, dy), {0, 1});
  b.time(name);
}

void adamw(const std::string& name, int64_t n) {
  Bench b({n});
  const int p = b.load(), g = b.load(), m = b.load(), v = b.load();
  const int decay = b.scalar(0.999f), b1 = b.scalar(0.9f), c1 = b.scalar(0.1f), b2 = b.scalar(0.999f), c2 = b.scalar(0.001f);
  const int eps = b.scalar(1e-8f), root = b.scalar(1.1f), lr = b.scalar(1e-3f);
  const int m2 = b.op(op_add, {b.op(op_mul, {m, b1}), b.op(op_mul, {g, c1})});
  const int v2 = b.op(op_add, {b.op(op_mul, {v, b2}), b.op(op_mul, {b.op(op_mul, {g, g}), c2})});
  const int step = b.op(op_div, {m2, b.op(op_add, {b.op(op_mul, {b.op(op_sqrt, {v2}), root}), eps})});
  const int p2 = b.op(op_sub, {b.op(op_mul, {p, decay}), b.op(op_mul, {step, lr})});
  b.store_in_place(m2, m);
  b.store_in_place(v2, v);
  b.store_in_place(p2, p);
  b.time(name);
}

void sum(const std::string& name, Dims domain, std::vector<int> reduced, Strides out) {
  Bench b(domain, reduced);
  b.store(b.reduce(ReduceKind::sum, b.load()), out);
  b.time(name);
}

void binary(const std::string& name, Dims domain, Strides other) {
  Bench b(domain);
  b.store(b.op(op_add, {b.load(), b.load(other)}));
  b.time(name);
}

void copy(const std::string& name, Dims domain, Strides from, Strides to) {
  Bench b(domain);
  b.store(b.load(from), to);
  b.time(name);
}

void memcpy_16M(const std::string& name) {
  std::vector<char> a(1 << 26), b(1 << 26);
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const double start = now();
    std::memcpy(b.data(), a.data(), a.size());
    best = std::min(best, now() - start);
  }
  std::printf("%-44s %10.3f ms %8.1f GB/s\n", name.c_str(), best * 1e3, 2e-9 * static_cast<double>(a.size()) / best);
}

const std::vector<Case> cases = {
    {"memcpy 16M", memcpy_16M},
    {"add 8", [](auto& s) { binary(s, {8}, {1}); }},
    {"add 512", [](auto& s) { binary(s, {512}, {1}); }},
    {"add 16M", [](auto& s) { binary(s, {1 << 24}, {1}); }},
    {"chain of 12, 64K", [](auto& s) { chain(s, 1 << 16); }},
    {"chain of 12, 16M", [](auto& s) { chain(s, 1 << 24); }},
    {"softmax 4096x4096", [](auto& s) { softmax(s, 4096, 4096); }},
    {"softmax 4096x4096 bfloat16", [](auto& s) { softmax(s, 4096, 4096, DType::bfloat16); }},
    {"softmax 64x4096", [](auto& s) { softmax(s, 64, 4096); }},
    {"softmax 32768x128", [](auto& s) { softmax(s, 32768, 128); }},
    {"softmax 128x10", [](auto& s) { softmax(s, 128, 10); }},
    {"softmax 262144x10", [](auto& s) { softmax(s, 262144, 10); }},
    {"layer norm 8192x1024", [](auto& s) { norm(s, {8192, 1024}, {1}, {1, 0}, {0, 1}); }},
    {"layer norm 128x1024", [](auto& s) { norm(s, {128, 1024}, {1}, {1, 0}, {0, 1}); }},
    {"layer norm backward 8192x1024", [](auto& s) { norm_backward(s, {8192, 1024}, {1}, {1, 0}, {0, 1}); }},
    {"layer norm weight gradients 8192x1024", [](auto& s) { weight_gradients(s, 8192, 1024); }},
    {"batch norm NHWC 200704x64", [](auto& s) { norm(s, {200704, 64}, {0}, {0, 1}, {0, 1}); }},
    {"batch norm NHWC 3136x1024", [](auto& s) { norm(s, {3136, 1024}, {0}, {0, 1}, {0, 1}); }},
    {"batch norm backward NHWC 200704x64", [](auto& s) { norm_backward(s, {200704, 64}, {0}, {0, 1}, {0, 1}); }},
    {"batch norm NCHW 16x64x12544", [](auto& s) { norm(s, {16, 64, 12544}, {0, 2}, {0, 1, 0}, {0, 1, 0}); }},
    {"AdamW 32M", [](auto& s) { adamw(s, 1 << 25); }},
    {"AdamW 64K", [](auto& s) { adamw(s, 1 << 16); }},
    {"sum 16M", [](auto& s) { sum(s, {1 << 24}, {0}, {0}); }},
    {"sum 4096x4096 dim 0", [](auto& s) { sum(s, {4096, 4096}, {0}, {0, 1}); }},
    {"sum 4096x4096 dim 1", [](auto& s) { sum(s, {4096, 4096}, {1}, {1, 0}); }},
    {"sum 1Mx3 dim 0", [](auto& s) { sum(s, {1 << 20, 3}, {0}, {0, 1}); }},
    {"sum 1Mx3 dim 1", [](auto& s) { sum(s, {1 << 20, 3}, {1}, {1, 0}); }},
    {"sum 128x256 dim 0", [](auto& s) { sum(s, {128, 256}, {0}, {0, 1}); }},
    {"add row 5Mx3", [](auto& s) { binary(s, {5 << 20, 3}, {0, 1}); }},
    {"add row 256Kx64", [](auto& s) { binary(s, {1 << 18, 64}, {0, 1}); }},
    {"add row 16Kx1000", [](auto& s) { binary(s, {1 << 14, 1000}, {0, 1}); }},
    {"add column 16Kx1000", [](auto& s) { binary(s, {1 << 14, 1000}, {1, 0}); }},
    {"add column 5Mx3", [](auto& s) { binary(s, {5 << 20, 3}, {1, 0}); }},
    {"add channel 64x64x56x56", [](auto& s) { binary(s, {64, 64, 56 * 56}, {0, 1, 0}); }},
    {"copy 16M", [](auto& s) { copy(s, {1 << 24}, {1}, {1}); }},
    {"transpose 4096x4096", [](auto& s) { copy(s, {4096, 4096}, {1, 4096}, {4096, 1}); }},
    {"transpose 4000x3000", [](auto& s) { copy(s, {4000, 3000}, {1, 4000}, {3000, 1}); }},
    {"NCHW to NHWC 16x64x112x112", [](auto& s) { copy(s, {16, 12544, 64}, {12544 * 64, 1, 12544}, {12544 * 64, 64, 1}); }},
    {"every second 16M", [](auto& s) { copy(s, {1 << 23}, {2}, {1}); }},
    {"inner slice 64Kx100 of 128", [](auto& s) { copy(s, {1 << 16, 100}, {128, 1}, {100, 1}); }},
    {"into slice 64Kx100 of 128", [](auto& s) { copy(s, {1 << 16, 100}, {100, 1}, {128, 1}); }},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string prefix = argc > 1 ? argv[1] : "";
  if (argc > 2) set_num_threads(std::atoi(argv[2]));
  std::printf("%d threads\n", num_threads());
  for (const Case& c : cases) {
    if (c.name.rfind(prefix, 0) == 0) c.run(c.name);
  }
  return 0;
}
