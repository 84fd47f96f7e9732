// Random programs with their memory.
#pragma once
#include <numeric>
#include <sstream>

#include "fused_program_oracle.h"

namespace fused_test {

struct RandomProgram {
  Program program;
  std::vector<std::vector<std::byte>> buffers;
  std::vector<size_t> memory_of;  // program buffer -> entry of `buffers`
  std::vector<uint64_t> scalars;

  RandomProgram(uint32_t seed, int64_t most_points) : random_(seed) {
    choose_domain(most_points);
    for (int i = pick(1, 4); i > 0; --i) add_load();
    for (int i = pick(0, 12); i > 0; --i) add_step();
    for (int i = pick(1, 3); i > 0; --i) add_store();
  }

  std::vector<void*> pointers(std::vector<std::vector<std::byte>>& memory) const {
    std::vector<void*> p;
    for (size_t b : memory_of) p.push_back(memory[b].data());
    return p;
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  template <class T>
  T one_of(std::initializer_list<T> list) { return *(list.begin() + pick(0, static_cast<int>(list.size()) - 1)); }

  void choose_domain(int64_t most_points) {
    const int rank = pick(0, 5);
    int64_t points = 1;
    for (int d = 0; d < rank; ++d) {
      int64_t size = one_of<int64_t>({1, 2, 2, 3, 3, 4, 5, 7, 8, 16, 17, 33, 64, 100, 512, 513, 700, 1500, 5000});
      if (most_points > 20'000 && chance(30)) size = one_of<int64_t>({3000, 40'000, 100'000});
      if (points * size > most_points) size = one_of<int64_t>({1, 2, 3});
      if (points * size > most_points) size = 1;
      points *= size;
      program.domain.push_back(size);
    }
    if (rank > 0 && chance(2)) program.domain[pick(0, rank - 1)] = 0;
    if (program.domain.numel() > 0 && chance(60)) program.reduced = static_cast<uint32_t>(pick(0, (1 << rank) - 1));
  }

  bool is_reduced(int d) const { return ((program.reduced >> d) & 1u) != 0; }

  // Strides of a dense layout with dims in random order, gaps and turned directions; dims of `still` get 0.
  Access random_access(DType dtype, uint32_t still, int64_t& elements) {
    Access a;
    a.dtype = dtype;
    const int rank = program.domain.size();
    std::vector<int> order(static_cast<size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    if (chance(40)) std::shuffle(order.begin(), order.end(), random_);
    a.strides = Strides::filled(rank, 0);
    int64_t step = chance(15) ? pick(1, 3) : 1, last = 0;
    a.offset = chance(30) ? pick(0, 9) : 0;
    for (size_t i = order.size(); i-- > 0;) {
      const int d = order[i];
      if ((still >> d) & 1u) continue;
      const int64_t size = program.domain[d];
      a.strides[d] = step;
      last += (std::max<int64_t>(size, 1) - 1) * step;
      if (chance(10)) {
        a.offset += (std::max<int64_t>(size, 1) - 1) * step;
        a.strides[d] = -step;
      }
      step *= std::max<int64_t>(size, 1);
      if (chance(10)) step += pick(1, 5);
    }
    elements = last + 10;
    return a;
  }

  DType memory_type() {
    return one_of({DType::float32, DType::float32, DType::float64, DType::int32, DType::int64, DType::bool_, DType::uint8, DType::int8,
                   DType::int16, DType::float16, DType::bfloat16});
  }
  DType register_type() { return one_of({DType::float32, DType::float32, DType::float64, DType::int32, DType::int64, DType::bool_}); }

  int add_buffer(DType dtype, int64_t elements) {
    std::vector<std::byte> data(static_cast<size_t>(elements * size_of(dtype)));
    for (int64_t i = 0; i < elements; ++i) {
      Number x;
      x.i = dtype == DType::bool_ ? pick(0, 1) : dtype == DType::uint8 ? pick(0, 15) : pick(-15, 15);
      stored(data.data() + i * size_of(dtype), x, DType::int64, dtype);
    }
    buffers.push_back(std::move(data));
    memory_of.push_back(buffers.size() - 1);
    return static_cast<int>(memory_of.size()) - 1;
  }

  int push(Step s) {
    program.steps.push_back(s);
    return static_cast<int>(program.steps.size()) - 1;
  }
  int push_access(const Access& a) {
    program.accesses.push_back(a);
    return static_cast<int>(program.accesses.size()) - 1;
  }

  int add_load() {
    Step s;
    s.kind = Step::Kind::load;
    const int kind = pick(1, 100);
    if (kind <= 12) {
      Access a;
      a.kind = Access::Kind::scalar;
      a.dtype = memory_type();
      a.buffer = static_cast<int>(scalars.size());
      uint64_t cell = 0;
      Number x;
      x.i = a.dtype == DType::bool_ || a.dtype == DType::uint8 ? pick(0, 1) : pick(-15, 15);
      stored(&cell, x, DType::int64, a.dtype);
      scalars.push_back(cell);
      s.access = push_access(a);
      s.type = register_type();
      return push(s);
    }
    if (kind <= 22) {
      Access a;
      a.kind = Access::Kind::index;
      a.dtype = DType::int64;
      for (int d = 0; d < program.domain.size(); ++d) a.strides.push_back(pick(-3, 3));
      a.offset = pick(-5, 5);
      s.access = push_access(a);
      s.type = chance(50) ? DType::int64 : register_type();
      const int raw = push(s);
      if (s.type == DType::bool_) return raw;
      return compute(op_small, s.type, {raw});
    }
    uint32_t still = 0;
    if (chance(40)) still = static_cast<uint32_t>(pick(0, 255));
    if (chance(15)) still = program.reduced;
    int64_t elements = 0;
    Access a = random_access(memory_type(), still, elements);
    a.buffer = add_buffer(a.dtype, elements);
    s.access = push_access(a);
    s.type = chance(70) ? natural(a.dtype) : register_type();
    return push(s);
  }

  static DType natural(DType t) {
    if (t == DType::float16 || t == DType::bfloat16) return DType::float32;
    if (t == DType::uint8 || t == DType::int8 || t == DType::int16) return DType::int32;
    return t;
  }

  int compute(const LaneOp& op, DType type, std::initializer_list<int> args) {
    Step s;
    s.kind = Step::Kind::compute;
    s.op = &op;
    s.type = op.entries[static_cast<int>(type)].result;
    std::copy(args.begin(), args.end(), s.args.begin());
    return push(s);
  }
  int cast(int value, DType type) {
    Step s;
    s.kind = Step::Kind::cast;
    s.type = type;
    s.args[0] = value;
    return push(s);
  }
  DType type_of(int v) const { return program.steps[static_cast<size_t>(v)].type; }
  int any_value() {
    const int last = static_cast<int>(program.steps.size()) - 1;
    return chance(60) ? pick(std::max(0, last - 2), last) : pick(0, last);
  }
  int any_value(DType type) {
    const int v = any_value();
    return type_of(v) == type ? v : cast(v, type);
  }

  void add_step() {
    const int kind = pick(1, 100);
    const int v = any_value();
    const DType type = type_of(v);
    if (kind <= 15) cast(v, register_type());
    else if (kind <= 22) add_load();
    else if (kind <= 30) compute(op_less, type, {v, any_value(type)});
    else if (kind <= 38) compute(op_where, type, {any_value(DType::bool_), v, any_value(type)});
    else if (kind <= 42) compute(op_identity, type, {v});
    else if (kind <= 62 && program.reduced != 0) add_reduce(v, type);
    else if (type == DType::bool_) compute(op_less, type, {any_value(type), v});
    else if (kind <= 70) compute(op_four, type, {v, any_value(type), any_value(type), any_value(type)});
    else compute(one_of({&op_add, &op_sub, &op_mul})[0], type, {any_value(type), v});
  }

  void add_reduce(int v, DType type) {
    Step s;
    s.kind = Step::Kind::reduce;
    s.type = type;
    s.reduce = one_of({ReduceKind::sum, ReduceKind::sum, ReduceKind::prod, ReduceKind::max, ReduceKind::min});
    if (type != DType::bool_) v = compute(s.reduce == ReduceKind::prod ? op_unit : op_small, type, {v});
    s.args[0] = v;
    const int total = push(s);
    if (type != DType::bool_) compute(op_small, type, {total});
  }

  // Whether a value varies along the reduced dims.
  bool is_full(int v) const {
    const Step& s = program.steps[static_cast<size_t>(v)];
    if (s.kind == Step::Kind::reduce) return false;
    if (s.kind == Step::Kind::load) {
      const Access& a = program.accesses[static_cast<size_t>(s.access)];
      if (a.kind == Access::Kind::scalar) return false;
      for (int d = 0; d < program.domain.size(); ++d) {
        if (is_reduced(d) && a.strides[d] != 0) return true;
      }
      return false;
    }
    const int arity = s.kind == Step::Kind::compute ? s.op->arity : 1;
    for (int i = 0; i < arity; ++i) {
      if (is_full(s.args[static_cast<size_t>(i)])) return true;
    }
    return false;
  }
  bool has_reduce() const {
    return std::any_of(program.steps.begin(), program.steps.end(), [](const Step& s) { return s.kind == Step::Kind::reduce; });
  }

  void add_store() {
    int v = pick(0, static_cast<int>(program.steps.size()) - 1);
    if (chance(60)) v = std::max(0, static_cast<int>(program.steps.size()) - pick(1, 3));
    while (program.steps[static_cast<size_t>(v)].kind == Step::Kind::store) --v;
    const bool row = has_reduce() && !is_full(v) && chance(80);
    Step s;
    s.kind = Step::Kind::store;
    s.args[0] = v;
    s.type = type_of(v);
    if (chance(35)) {
      for (size_t i = 0; i < program.accesses.size(); ++i) {
        if (donate(program.accesses[i], row)) {
          Access a = program.accesses[i];
          memory_of.push_back(memory_of[static_cast<size_t>(a.buffer)]);
          a.buffer = static_cast<int>(memory_of.size()) - 1;
          s.access = push_access(a);
          push(s);
          return;
        }
      }
    }
    int64_t elements = 0;
    Access a = random_access(chance(60) ? type_of(v) : memory_type(), row ? program.reduced : 0, elements);
    a.buffer = add_buffer(a.dtype, elements);
    s.access = push_access(a);
    push(s);
  }

  // Whether an output may lie where this input lies: each place once, and not already taken by another output.
  bool donate(const Access& a, bool row) const {
    if (a.kind != Access::Kind::memory) return false;
    const size_t memory = memory_of[static_cast<size_t>(a.buffer)];
    if (std::count(memory_of.begin(), memory_of.end(), memory) > 1) return false;
    for (const Step& s : program.steps) {
      if (s.kind == Step::Kind::store && program.accesses[static_cast<size_t>(s.access)].buffer == a.buffer) return false;
    }
    for (int d = 0; d < program.domain.size(); ++d) {
      if (program.domain[d] != 1 && (a.strides[d] == 0) != (row && is_reduced(d))) return false;
    }
    return true;
  }

  std::mt19937 random_;
};

inline std::string describe(const Program& p) {
  std::ostringstream out;
  out << "domain " << to_string(p.domain) << " reduced " << p.reduced << "\n";
  for (size_t i = 0; i < p.accesses.size(); ++i) {
    const Access& a = p.accesses[i];
    out << "  access " << i << ": kind " << static_cast<int>(a.kind) << " " << name_of(a.dtype) << " buffer " << a.buffer << " offset "
        << a.offset << " strides " << to_string(a.strides) << "\n";
  }
  const char* kinds[] = {"load", "compute", "cast", "reduce", "store"};
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    out << "  " << k << " = " << kinds[static_cast<int>(s.kind)] << " " << name_of(s.type) << " access " << s.access << " reduce "
        << static_cast<int>(s.reduce) << " args " << s.args[0] << " " << s.args[1] << " " << s.args[2] << " " << s.args[3] << "\n";
  }
  return out.str();
}

}  // namespace fused_test
