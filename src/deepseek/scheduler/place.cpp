// The memory plan: which buffers share bytes, and where each lies in the arena.
#include <algorithm>
#include <numeric>
#include <utility>

#include "deepseek/scheduler/emit.h"
#include "deepseek/scheduler/programs.h"

namespace deepseek::scheduler {
namespace {

constexpr int64_t alignment = 64;

class Placer {
 public:
  Placer(Plan& plan, const Walk& walk) : plan_(plan), walk_(walk) {}

  void run() {
    find_lifetimes();
    share_bytes();
    lay_out_arena();
    for (PlanStep& s : plan_.steps) {
      if (s.program) s.fused = compiled(*s.program);
      s.program.reset();
    }
    resolve();
  }

 private:
  PlanBuffer& buffer(int b) { return plan_.buffers[static_cast<size_t>(b)]; }
  int root(int b) const { return plan_.root(b); }

  void find_lifetimes() {
    const int n = static_cast<int>(plan_.steps.size());
    for (PlanBuffer& b : plan_.buffers) b.first = n, b.last = -1;
    for (int i = 0; i < n; ++i) {
      const auto touch = [&](int b) {
        buffer(b).first = std::min(buffer(b).first, i);
        buffer(b).last = i;
      };
      for (const PlanStep::Operand& o : plan_.steps[static_cast<size_t>(i)].operands) touch(o.buffer);
      if (plan_.steps[static_cast<size_t>(i)].workspace >= 0) touch(plan_.steps[static_cast<size_t>(i)].workspace);
    }
    for (PlanBuffer& b : plan_.buffers) {
      const bool fixed = b.source == PlanBuffer::Source::data ||
                         (b.source == PlanBuffer::Source::leaf &&
                          (!walk_.leaves[static_cast<size_t>(b.slot)].donatable || !covers_storage(b)));
      if (b.escapes || fixed) b.last = n;
      if (b.source == PlanBuffer::Source::leaf) b.first = -1;
    }
  }

  // A leaf that is a part of its storage, or of which a view has gaps, is not overwritten.
  bool covers_storage(const PlanBuffer& b) const {
    const Walk::Leaf& l = walk_.leaves[static_cast<size_t>(b.slot)];
    const Output& o = l.node->outputs()[static_cast<size_t>(l.output)];
    return is_dense(o.spec.shape, o.buffer.strides);
  }
  static bool is_dense(const Shape& shape, const Strides& strides) {
    std::vector<std::pair<int64_t, int64_t>> dims;
    for (int d = 0; d < shape.size(); ++d) {
      if (shape[d] != 1) dims.push_back({strides[d], shape[d]});
    }
    std::sort(dims.begin(), dims.end());
    int64_t next = 1;
    for (const auto& [stride, size] : dims) {
      if (stride != next) return false;
      next *= size;
    }
    return true;
  }

  void share_bytes() {
    for (int i = 0; i < static_cast<int>(plan_.steps.size()); ++i) {
      PlanStep& s = plan_.steps[static_cast<size_t>(i)];
      if (s.program) share_in_program(i, *s.program, s);
      else share_in_kernel(i, s);
    }
  }

  bool can_take(int i, int out, int in) {
    const int r = root(in);
    return buffer(r).last == i && buffer(r).bytes == buffer(out).bytes && buffer(r).bytes > 0 && !buffer(r).escapes && r != root(out);
  }
  void take(int out, int in) {
    const int r = root(in);
    buffer(out).same_as = r;
    buffer(r).last = buffer(out).last;
    buffer(r).escapes |= buffer(out).escapes;
  }

  // An output may lie where an input lies when every access to those bytes in this program is to the same element. What stays
  // after the run takes bytes that were there before it, and temporaries each other's: were a new parameter to lie where its
  // gradient lay, all gradients would live to the end. Of several outputs the one takes the bytes that is computed when they have
  // been read: any other would have to wait in a block until then.
  void share_in_program(int i, const fused::Program& p, const PlanStep& s) {
    for (const auto& [alike, after_reads] : {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
      for (const fused::Access& out : p.accesses) {
        if (out.kind != fused::Access::Kind::memory || !s.operands[static_cast<size_t>(out.buffer)].output) continue;
        const int to = s.operands[static_cast<size_t>(out.buffer)].buffer;
        if (is_row_level(p, out) || buffer(to).same_as >= 0) continue;
        for (const fused::Access& in : p.accesses) {
          if (in.kind != fused::Access::Kind::memory || s.operands[static_cast<size_t>(in.buffer)].output) continue;
          const PlanStep::Operand& from = s.operands[static_cast<size_t>(in.buffer)];
          const bool stays = buffer(root(from.buffer)).source == PlanBuffer::Source::leaf;
          if (alike && stays != buffer(to).escapes) continue;
          if (!can_take(i, to, from.buffer) || !accesses_agree(p, s, root(from.buffer), out)) continue;
          if (after_reads && read_later(p, in, out)) continue;
          take(to, from.buffer);
          break;
        }
      }
    }
  }
  // Whether a step after the one that computes what goes to `out` reads what comes from `in`.
  static bool read_later(const fused::Program& p, const fused::Access& in, const fused::Access& out) {
    using Kind = fused::Step::Kind;
    const auto accesses = [&](const fused::Step& s, Kind kind, const fused::Access& a) {
      return s.kind == kind && &p.accesses[static_cast<size_t>(s.access)] == &a;
    };
    int written = static_cast<int>(p.steps.size());
    for (const fused::Step& s : p.steps) {
      if (accesses(s, Kind::store, out)) written = std::min(written, s.args[0]);
    }
    for (size_t k = static_cast<size_t>(written) + 1; k < p.steps.size(); ++k) {
      for (const int a : p.steps[k].args) {
        if (a >= 0 && accesses(p.steps[static_cast<size_t>(a)], Kind::load, in)) return true;
      }
    }
    return false;
  }
  static bool is_row_level(const fused::Program& p, const fused::Access& a) {
    for (int d = 0; d < p.domain.size(); ++d) {
      if (p.reduced >> d & 1 && a.strides[d] == 0) return true;
    }
    return false;
  }
  bool accesses_agree(const fused::Program& p, const PlanStep& s, int bytes, const fused::Access& out) {
    for (const fused::Access& a : p.accesses) {
      if (a.kind != fused::Access::Kind::memory) continue;
      const PlanStep::Operand& o = s.operands[static_cast<size_t>(a.buffer)];
      if (root(o.buffer) != bytes) continue;
      if (o.output || o.offset != 0 || !(a.strides == out.strides) || size_of(a.dtype) != size_of(out.dtype)) return false;
    }
    return true;
  }

  void share_in_kernel(int i, const PlanStep& s) {
    for (const auto& [out, in] : s.may_alias) {
      const PlanStep::Operand& to = s.operands[static_cast<size_t>(s.kernel_inputs + out)];
      const PlanStep::Operand& from = s.operands[static_cast<size_t>(in)];
      if (from.offset != 0 || buffer(to.buffer).same_as >= 0 || !can_take(i, to.buffer, from.buffer)) continue;
      int readers = 0;
      for (int k = 0; k < s.kernel_inputs; ++k) readers += root(s.operands[static_cast<size_t>(k)].buffer) == root(from.buffer);
      if (readers == 1) take(to.buffer, from.buffer);
    }
  }

  // Largest first, each at the lowest place that is free during its life.
  void lay_out_arena() {
    std::vector<int> arena;
    for (int b = 0; b < static_cast<int>(plan_.buffers.size()); ++b) {
      PlanBuffer& x = buffer(b);
      if (x.same_as >= 0 || x.source != PlanBuffer::Source::arena) continue;
      if (x.escapes) x.source = PlanBuffer::Source::storage;
      else if (x.last >= 0) arena.push_back(b);
    }
    std::stable_sort(arena.begin(), arena.end(), [&](int a, int b) { return buffer(a).bytes > buffer(b).bytes; });
    std::vector<int> placed;  // by offset
    for (int b : arena) {
      PlanBuffer& x = buffer(b);
      int64_t at = 0;
      for (int other : placed) {
        const PlanBuffer& y = buffer(other);
        if (y.last < x.first || x.last < y.first) continue;
        if (y.offset >= at + rounded(x.bytes)) break;
        at = std::max(at, y.offset + rounded(y.bytes));
      }
      x.offset = at;
      plan_.arena_bytes = std::max(plan_.arena_bytes, at + rounded(x.bytes));
      placed.insert(std::upper_bound(placed.begin(), placed.end(), at,
                                     [&](int64_t offset, int o) { return offset < buffer(o).offset; }), b);
    }
  }
  // What a run would otherwise find out each time.
  void resolve() {
    std::vector<char> written(plan_.buffers.size(), 0), referred(plan_.buffers.size(), 0);
    for (PlanStep& s : plan_.steps) {
      for (PlanStep::Operand& o : s.operands) {
        o.buffer = root(o.buffer);
        if (o.output) written[static_cast<size_t>(o.buffer)] = 1;
      }
      if (s.workspace >= 0) s.workspace = root(s.workspace);
    }
    for (size_t i = plan_.results.size(); i-- > 0;) {
      Plan::Result& r = plan_.results[i];
      r.location.buffer = root(r.location.buffer);
      char& later = referred[static_cast<size_t>(r.location.buffer)];
      r.takes = buffer(r.location.buffer).source == PlanBuffer::Source::storage && !later;
      later = 1;
    }
    for (int b = 0; b < static_cast<int>(plan_.buffers.size()); ++b) {
      PlanBuffer& x = buffer(b);
      plan_.bytes += x.bytes;
      if (x.same_as >= 0) continue;
      plan_.bound.push_back(b);
      x.overwritten = x.source == PlanBuffer::Source::leaf && written[static_cast<size_t>(b)];
      if (x.overwritten) plan_.overwritten.push_back(x.slot);
    }
  }

  static int64_t rounded(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

  Plan& plan_;
  const Walk& walk_;
};

}  // namespace

void place_buffers(Plan& plan, const Walk& walk) { Placer(plan, walk).run(); }

}  // namespace deepseek::scheduler
