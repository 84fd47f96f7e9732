// Writes fused programs down in few words.
#pragma once
#include <algorithm>
#include <vector>

#include "deepseek/backends/cpu/fused/program.h"

namespace fused_test {

using namespace deepseek;
using namespace deepseek::fused;

struct Builder {
  Program program;

  explicit Builder(const Dims& domain, uint32_t reduced = 0) {
    program.domain = domain;
    program.reduced = reduced;
  }
  int load(int buffer, const Strides& strides, DType dtype = DType::float32) {
    return access(Step::Kind::load, buffer, strides, dtype, -1);
  }
  int store(int value, int buffer, const Strides& strides, DType dtype = DType::float32) {
    return access(Step::Kind::store, buffer, strides, dtype, value);
  }
  int scalar(int entry, DType dtype = DType::float32) {
    const int step = access(Step::Kind::load, entry, Strides::filled(program.domain.size(), 0), dtype, -1);
    program.accesses.back().kind = Access::Kind::scalar;
    return step;
  }
  int op(const LaneOp& lanes, std::initializer_list<int> args) {
    Step s;
    s.kind = Step::Kind::compute;
    s.op = &lanes;
    std::copy(args.begin(), args.end(), s.args.begin());
    const int last = s.args[static_cast<size_t>(lanes.arity - 1)];
    s.type = lanes.entries[static_cast<int>(program.steps[static_cast<size_t>(last)].type)].result;
    return push(s);
  }
  int cast(int value, DType type) {
    Step s;
    s.kind = Step::Kind::cast;
    s.type = type;
    s.args[0] = value;
    return push(s);
  }
  int reduce(ReduceKind kind, int value) {
    Step s;
    s.kind = Step::Kind::reduce;
    s.reduce = kind;
    s.type = program.steps[static_cast<size_t>(value)].type;
    s.args[0] = value;
    return push(s);
  }
  void run(std::vector<void*> pointers, std::vector<uint64_t> scalars = {}) const {
    compile(program)->run(pointers.data(), scalars.data());
  }

 private:
  int push(const Step& s) {
    program.steps.push_back(s);
    return static_cast<int>(program.steps.size()) - 1;
  }
  int access(Step::Kind kind, int buffer, const Strides& strides, DType dtype, int value) {
    Access a;
    a.buffer = buffer;
    a.strides = strides;
    a.dtype = dtype;
    program.accesses.push_back(a);
    Step s;
    s.kind = kind;
    s.access = static_cast<int>(program.accesses.size()) - 1;
    s.type = dtype;
    s.args[0] = value;
    return push(s);
  }
};

}  // namespace fused_test
