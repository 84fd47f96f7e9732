// Random fused programs and a naive oracle that computes them point by point.
#pragma once
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/tensor/half.h"

namespace fused_test {

using namespace deepseek;
using namespace deepseek::fused;

// Lanes whose results are small whole numbers, so that every order of summation gives the same float.
template <class T>
T small(T x) {
  if constexpr (std::is_same_v<T, bool>) return x;
  else if constexpr (std::is_floating_point_v<T>) return x - T(16) * std::trunc(x / T(16));
  else return static_cast<T>(x % 16);
}
struct Add { template <class T> static T lane(T a, T b) { return small<T>(static_cast<T>(a + b)); } };
struct Sub { template <class T> static T lane(T a, T b) { return small<T>(static_cast<T>(small(a) - small(b))); } };
struct Mul { template <class T> static T lane(T a, T b) { return small<T>(static_cast<T>(small(a) * small(b))); } };
struct Less { template <class T> static bool lane(T a, T b) { return a < b; } };
struct Identity { template <class T> static T lane(T a) { return a; } };
struct Small { template <class T> static T lane(T a) { return small(a); } };
struct Unit { template <class T> static T lane(T a) { return a < T(0) ? T(-1) : T(1); } };
struct Where {
  static constexpr int conditions = 1;
  template <class T>
  static T lane(bool c, T a, T b) { return c ? a : b; }
};
struct Four { template <class T> static T lane(T a, T b, T c, T d) { return small<T>(static_cast<T>(small(a) - small(b) + small(c) - small(d))); } };
inline constexpr const LaneOp& op_add = lane_op<Add, Numeric>;
inline constexpr const LaneOp& op_sub = lane_op<Sub, Numeric>;
inline constexpr const LaneOp& op_mul = lane_op<Mul, Numeric>;
inline constexpr const LaneOp& op_less = lane_op<Less, AllTypes>;
inline constexpr const LaneOp& op_identity = lane_op<Identity, AllTypes>;
inline constexpr const LaneOp& op_small = lane_op<Small, Numeric>;
inline constexpr const LaneOp& op_unit = lane_op<Unit, Numeric>;
inline constexpr const LaneOp& op_where = lane_op<Where, AllTypes>;
inline constexpr const LaneOp& op_four = lane_op<Four, Numeric>;

struct Number {
  double f = 0;
  int64_t i = 0;
};
inline bool real(DType t) { return is_floating_point(t); }

inline int64_t whole(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? static_cast<int64_t>(x) : std::numeric_limits<int64_t>::min();
}
// To a register type.
inline Number converted(Number x, DType from, DType to) {
  Number y;
  if (to == DType::bool_) y.i = real(from) ? x.f != 0 : x.i != 0;
  else if (to == DType::float32) y.f = static_cast<float>(real(from) ? x.f : 0), y.f = real(from) ? y.f : static_cast<double>(static_cast<float>(x.i));
  else if (to == DType::float64) y.f = real(from) ? x.f : static_cast<double>(x.i);
  else if (to == DType::int64) y.i = real(from) ? whole(x.f) : x.i;
  else if (!real(from)) y.i = static_cast<int32_t>(x.i);
  else y.i = x.f >= -0x1p31 && x.f < 0x1p31 ? static_cast<int32_t>(x.f) : std::numeric_limits<int32_t>::min();
  return y;
}
inline Number loaded(const void* p, DType t) {
  return visit_dtype(t, [&](auto e) {
    using T = decltype(e);
    T v;
    std::memcpy(&v, p, sizeof v);
    Number n;
    if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) n.f = to_float(v);
    else if constexpr (std::is_floating_point_v<T>) n.f = v;
    else n.i = static_cast<int64_t>(v);
    return n;
  });
}
inline void stored(void* p, Number x, DType from, DType t) {
  visit_dtype(t, [&](auto e) {
    using T = decltype(e);
    T v;
    const double f = real(from) ? x.f : static_cast<double>(x.i);
    if constexpr (std::is_same_v<T, float16_t>) v = to_float16(static_cast<float>(f));
    else if constexpr (std::is_same_v<T, bfloat16_t>) v = to_bfloat16(static_cast<float>(f));
    else if constexpr (std::is_same_v<T, bool>) v = converted(x, from, DType::bool_).i != 0;
    else if constexpr (std::is_floating_point_v<T>) v = static_cast<T>(converted(x, from, t).f);
    else v = static_cast<T>(converted(x, from, sizeof(T) == 8 ? DType::int64 : DType::int32).i);
    std::memcpy(p, &v, sizeof v);
  });
}

inline Number computed(const Step& s, const Number* args, const DType* types) {
  std::array<uint64_t, 4> cells{};
  std::array<const void*, 4> in{};
  for (int i = 0; i < s.op->arity; ++i) {
    const auto k = static_cast<size_t>(i);
    stored(&cells[k], args[i], types[i], types[i]);
    in[k] = &cells[k];
  }
  uint64_t out = 0;
  s.op->entries[static_cast<int>(types[s.op->arity - 1])].fn[0](&out, in.data(), 1);
  return loaded(&out, s.type);
}

inline Number combined(ReduceKind kind, DType t, Number a, Number b) {
  Number c;
  if (t == DType::bool_) c.i = kind == ReduceKind::sum || kind == ReduceKind::max ? a.i | b.i : a.i & b.i;
  else if (real(t)) {
    if (kind == ReduceKind::sum) c.f = a.f + b.f;
    else if (kind == ReduceKind::prod) c.f = a.f * b.f;
    else if (std::isnan(a.f) || std::isnan(b.f)) c.f = NAN;
    else c.f = kind == ReduceKind::max ? std::max(a.f, b.f) : std::min(a.f, b.f);
  } else {
    const auto x = static_cast<uint64_t>(a.i), y = static_cast<uint64_t>(b.i);
    if (kind == ReduceKind::sum) c.i = static_cast<int64_t>(x + y);
    else if (kind == ReduceKind::prod) c.i = static_cast<int64_t>(x * y);
    else c.i = kind == ReduceKind::max ? std::max(a.i, b.i) : std::min(a.i, b.i);
    if (t == DType::int32) c.i = static_cast<int32_t>(c.i);
  }
  return c;
}

// Runs the program on `memory`, reading everything before writing anything.
inline void naive(const Program& p, const std::vector<void*>& memory, const std::vector<uint64_t>& scalars) {
  const auto n = static_cast<size_t>(p.domain.numel());
  std::vector<std::vector<Number>> value(p.steps.size());
  const auto coordinate = [&](size_t point, int d) {
    for (int e = p.domain.size() - 1; e > d; --e) point /= static_cast<size_t>(p.domain[e]);
    return static_cast<int64_t>(point % static_cast<size_t>(p.domain[d]));
  };
  const auto place = [&](const Access& a, size_t point) {
    int64_t at = a.offset;
    for (int d = 0; d < p.domain.size(); ++d) at += coordinate(point, d) * a.strides[d];
    return at;
  };
  const auto kept = [&](size_t point) {
    size_t id = 0;
    for (int d = 0; d < p.domain.size(); ++d) {
      if (!((p.reduced >> d) & 1u)) id = id * static_cast<size_t>(p.domain[d]) + static_cast<size_t>(coordinate(point, d));
    }
    return id;
  };
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    value[k].resize(n);
    if (s.kind == Step::Kind::reduce) {
      std::vector<Number> total(n);
      std::vector<char> seen(n, 0);
      for (size_t i = 0; i < n; ++i) {
        const size_t row = kept(i);
        const Number x = value[static_cast<size_t>(s.args[0])][i];
        total[row] = seen[row] ? combined(s.reduce, s.type, total[row], x) : x;
        seen[row] = 1;
      }
      for (size_t i = 0; i < n; ++i) value[k][i] = total[kept(i)];
      if (s.type == DType::float32) for (Number& x : value[k]) x.f = static_cast<float>(x.f);
      continue;
    }
    for (size_t i = 0; i < n && s.kind != Step::Kind::store; ++i) {
      if (s.kind == Step::Kind::load) {
        const Access& a = p.accesses[static_cast<size_t>(s.access)];
        Number x;
        if (a.kind == Access::Kind::index) x.i = place(a, i);
        else if (a.kind == Access::Kind::scalar) x = loaded(&scalars[static_cast<size_t>(a.buffer)], a.dtype);
        else x = loaded(static_cast<char*>(memory[static_cast<size_t>(a.buffer)]) + place(a, i) * size_of(a.dtype), a.dtype);
        value[k][i] = converted(x, a.dtype, s.type);
      } else if (s.kind == Step::Kind::cast) {
        value[k][i] = converted(value[static_cast<size_t>(s.args[0])][i], p.steps[static_cast<size_t>(s.args[0])].type, s.type);
      } else {
        std::array<Number, 4> args;
        std::array<DType, 4> types{};
        for (int j = 0; j < s.op->arity; ++j) {
          const auto a = static_cast<size_t>(s.args[static_cast<size_t>(j)]);
          args[static_cast<size_t>(j)] = value[a][i];
          types[static_cast<size_t>(j)] = p.steps[a].type;
        }
        value[k][i] = computed(s, args.data(), types.data());
      }
    }
  }
  for (const Step& s : p.steps) {
    if (s.kind != Step::Kind::store) continue;
    const Access& a = p.accesses[static_cast<size_t>(s.access)];
    const auto v = static_cast<size_t>(s.args[0]);
    for (size_t i = 0; i < n; ++i) {
      stored(static_cast<char*>(memory[static_cast<size_t>(a.buffer)]) + place(a, i) * size_of(a.dtype), value[v][i], p.steps[v].type, a.dtype);
    }
  }
}

}  // namespace fused_test
